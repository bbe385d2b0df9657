/** The report of an ensemble as text: (EnsembleReport) -> lines. */
import type { EnsembleReport } from "../../schemas/Ensemble.ts"
import { combinationTitle } from "../../format/combinationTitle.ts"
import { duration } from "../../format/duration.ts"
import { table } from "./table.ts"
import { count, percent, threeDigits } from "../../format/numbers.ts"

export const renderEnsemble = ({ combine, ensemble, members, test }: EnsembleReport): string => {
  const mean = members.reduce((sum, { testError }) => sum + testError, 0) / members.length
  const together = `combined by ${combinationTitle(combine)}`
  return [
    table(
      ["member", "seed", "parameters", "training", "test error", "accuracy"],
      members.map((member) => [
        member.run,
        member.seed,
        count(member.parameters),
        member.trainMs === null ? "–" : duration(member.trainMs / 1000),
        percent(member.testError),
        percent(1 - member.testError),
      ]),
    ),
    "",
    `${ensemble}: ${members.length} networks, ${together}`,
    `test error     ${percent(test.error.value)}  (95 % interval ${percent(test.error.low)} to ${percent(test.error.high)}, ${count(test.examples)} examples; members average ${percent(mean)})`,
    `test accuracy  ${percent(test.accuracy.value)}`,
    `test loss      ${threeDigits(test.loss)}`,
  ].join("\n")
}
