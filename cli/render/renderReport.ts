/**
 * A report as text: (Report) -> lines.
 */
import type { Report } from "../../schemas/Report.ts"
import { datasetTitle } from "../../format/datasetTitle.ts"
import { duration } from "../../format/duration.ts"
import { table } from "./table.ts"
import { count, percent, threeDigits } from "../../format/numbers.ts"

export const renderReport = (report: Report): string => {
  const { test } = report
  const nameOf = (label: number) => report.dataset.classNames?.[label] ?? String(label)
  const mostConfused = test.confusion
    .flatMap((row, label) => row.map((examples, predicted) => ({ label, predicted, examples })))
    .filter(({ examples, label, predicted }) => label !== predicted && examples > 0)
    .sort((a, b) => b.examples - a.examples)
    .slice(0, 5)
    .map(({ examples, label, predicted }) => `${nameOf(label)} as ${nameOf(predicted)} (${count(examples)})`)
  return [
    `${report.experiment} on ${datasetTitle(report.dataset.name)}: ${report.stoppedEarly ? `stopped early at ${count(report.iterations)} of ${count(report.budget)}` : count(report.iterations)} iterations, ${count(report.parameters)} parameters`,
    `test error     ${percent(test.error.value)}  (95 % interval ${percent(test.error.low)} to ${percent(test.error.high)}, ${count(test.examples)} examples)`,
    `test accuracy  ${percent(test.accuracy.value)}`,
    `test loss      ${threeDigits(test.loss)}`,
    // Of own code.
    ...Object.entries(test.metrics ?? {}).map(([name, value]) => `${name.padEnd(14)} ${threeDigits(value)}`),
    "",
    table(
      ["class", "examples", "precision", "recall", "F1"],
      test.classes.map(({ f1, label, precision, recall, support }) => [
        nameOf(label),
        count(support),
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
