/** An ensemble's report as a person reads it on a terminal: (EnsembleReport) -> lines of text. */
import type { EnsembleReport } from "../../schemas/Ensemble.ts"
import { duration } from "../../format/duration.ts"
import { table } from "./table.ts"
import { percent } from "../../format/percent.ts"

export const renderEnsemble = ({ combine, ensemble, members, test }: EnsembleReport): string => {
  const mean = members.reduce((sum, { testError }) => sum + testError, 0) / members.length
  const together = combine === "mean" ? "the mean of their probabilities" : "their vote"
  return [
    table(
      ["member", "seed", "parameters", "trained", "test error"],
      members.map((member) => [
        member.run,
        member.seed,
        member.parameters.toLocaleString("en"),
        member.trainMs === null ? "–" : duration(member.trainMs / 1000),
        percent(member.testError),
      ]),
    ),
    "",
    `${ensemble}: ${members.length} networks, ${together}`,
    `test error     ${percent(test.error.value)}  (95 % interval ${percent(test.error.low)} to ${percent(test.error.high)}, ${test.examples} examples; the members' mean is ${percent(mean)})`,
    `test accuracy  ${percent(test.accuracy.value)}`,
    `test loss      ${test.loss.toPrecision(4)}`,
  ].join("\n")
}
