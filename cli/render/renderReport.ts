/**
 * A report as text: (Report) -> lines.
 */
import type { Report } from "../../schemas/Report.ts"
import { duration } from "../../format/duration.ts"
import { percent } from "../../format/percent.ts"
import { table } from "./table.ts"

export const renderReport = (report: Report): string => {
  const { test } = report
  const mostConfused = test.confusion
    .flatMap((row, label) => row.map((count, predicted) => ({ label, predicted, count })))
    .filter(({ count, label, predicted }) => label !== predicted && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 5)
    .map(({ count, label, predicted }) => `${label} as ${predicted} (${count})`)
  return [
    `${report.experiment} on ${report.dataset.name}: ${report.stoppedEarly ? `stopped early at ${report.iterations} of ${report.budget}` : report.iterations} iterations, ${report.parameters.toLocaleString("en")} parameters`,
    `test error     ${percent(test.error.value)}  (95 % interval ${percent(test.error.low)} to ${percent(test.error.high)}, ${test.examples} examples)`,
    `test accuracy  ${percent(test.accuracy.value)}`,
    `test loss      ${test.loss.toPrecision(4)}`,
    "",
    table(
      ["class", "examples", "precision", "recall", "F1"],
      test.classes.map(({ f1, label, precision, recall, support }) => [
        label,
        support,
        percent(precision),
        percent(recall),
        percent(f1),
      ]),
    ),
    "",
    `most confused  ${mostConfused.join(", ") || "none"}`,
    `stages         ${report.timings.map(({ durationMs, name }) => `${name} ${duration(durationMs / 1000)}`).join(", ")}`,
  ].join("\n")
}
