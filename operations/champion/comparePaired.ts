/**
 * Whether a challenger is worse than the champion: (gate, predictions of both) -> PairedTest.
 *
 * The tests are one-sided (`stages/statistics/nonInferiority.ts`): the gate only tests whether the challenger
 * is worse.
 */
import { Result } from "effect"
import type { PairedTest } from "../../schemas/Champion.ts"
import type { Gate } from "../../schemas/experiment/Gate.ts"
import { mcnemarWorse, pairedWorse } from "../../stages/statistics/nonInferiority.ts"
import { argmax } from "../../stages/statistics/proportions.ts"
import type { KeyedPredictions } from "./keyedPredictions.ts"

/** The smallest normal float32, as in the loss of an evaluation. */
const smallest = 2 ** -126

interface Prediction {
  readonly isRight: boolean
  readonly loss: number
}

/** One test example of both models. */
interface Pair {
  readonly champion: Prediction
  readonly challenger: Prediction
}

const predictionAt = ({ classes, labels, probabilities }: KeyedPredictions, row: number): Prediction => ({
  isRight: argmax(probabilities, row, classes) === labels[row],
  loss: -Math.log(Math.max(probabilities[row * classes + labels[row]], smallest)),
})

const mean = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0) / values.length

const compareLoss = (pairs: ReadonlyArray<Pair>, level: number) => ({
  champion: mean(pairs.map(({ champion }) => champion.loss)),
  challenger: mean(pairs.map(({ challenger }) => challenger.loss)),
  method: "paired t test of the cross-entropy, one-sided",
  ...pairedWorse(
    pairs.map(({ challenger, champion }) => challenger.loss - champion.loss),
    level,
  ),
})

const compareAccuracy = (pairs: ReadonlyArray<Pair>, level: number) => {
  const only = (right: keyof Pair, wrong: keyof Pair) =>
    pairs.filter((pair) => pair[right].isRight && !pair[wrong].isRight).length
  const championOnly = only("champion", "challenger")
  const challengerOnly = only("challenger", "champion")
  const accuracy = (model: keyof Pair) => mean(pairs.map((pair) => (pair[model].isRight ? 1 : 0)))
  return {
    champion: accuracy("champion"),
    challenger: accuracy("challenger"),
    method: `exact McNemar test, one-sided: ${championOnly} examples only the champion gets right, ${challengerOnly} only the challenger`,
    ...mcnemarWorse(championOnly, challengerOnly, pairs.length, level),
  }
}

/** Over the examples that both predicted; fails with the reason if there are fewer than two. */
export const comparePaired = (
  { metric, significance }: Pick<Gate, "metric" | "significance">,
  champion: KeyedPredictions,
  challenger: KeyedPredictions,
): Result.Result<PairedTest, string> => {
  const rows = new Map(champion.keys.map((key, row) => [key, row]))
  const pairs = challenger.keys.flatMap((key, row): ReadonlyArray<Pair> => {
    const other = rows.get(key)
    return other === undefined
      ? []
      : [{ champion: predictionAt(champion, other), challenger: predictionAt(challenger, row) }]
  })
  if (pairs.length < 2) return Result.fail("they were not tested on the same examples")
  const compare = metric === "loss" ? compareLoss : compareAccuracy
  return Result.succeed({ metric, examples: pairs.length, ...compare(pairs, significance) })
}
