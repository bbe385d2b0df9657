/**
 * Whether a challenger is worse than the champion: (gate, answers of both) -> PairedTest.
 *
 * One-sided: the question is only whether it is worse. Accuracy: the exact test of McNemar (1947) over the examples that
 * one of them alone gets right, with Clopper's and Pearson's (1934) limit. Loss: Student's paired t.
 */
import { Result } from "effect"
import type { PairedTest } from "../../schemas/Champion.ts"
import type { Gate } from "../../schemas/Gate.ts"
import { binomialAtMost, studentQuantile, studentTwoSided } from "../../stages/statistics/distributions.ts"
import { argmax } from "../../stages/statistics/proportions.ts"
import type { Answers } from "./predictionsOf.ts"

/** Upper one-sided limit of a binomial chance. */
const upperChance = (successes: number, n: number, outside: number): number => {
  if (successes >= n) return 1
  let [low, high] = [successes / n, 1]
  // 60 halvings reach the last bit of a float64.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (binomialAtMost(successes, n, middle) > outside) low = middle
    else high = middle
  }
  return high
}

type Figures = Pick<PairedTest, "p" | "worseByAtMost" | "method">

/** `championOnly`: examples that the champion alone gets right. */
export const mcnemarWorse = (
  championOnly: number,
  challengerOnly: number,
  examples: number,
  significance: number,
): Figures => {
  const discordant = championOnly + challengerOnly
  const method = `exact McNemar test, one-sided: ${championOnly} examples only the champion gets right, ${challengerOnly} only the challenger`
  if (discordant === 0) return { p: 1, worseByAtMost: upperChance(0, examples, significance), method }
  return {
    p: binomialAtMost(challengerOnly, discordant, 0.5),
    worseByAtMost: ((2 * upperChance(championOnly, discordant, significance) - 1) * discordant) / examples,
    method,
  }
}

/** `differences`: challenger's loss less the champion's, one an example; two or more. */
export const lossWorse = (differences: ReadonlyArray<number>, significance: number): Figures => {
  const n = differences.length
  const method = "paired t test of the cross-entropy, one-sided"
  const mean = differences.reduce((a, b) => a + b, 0) / n
  const error = Math.sqrt(differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1) / n)
  if (error === 0) return { p: mean > 0 ? 0 : 1, worseByAtMost: mean, method }
  const beyond = studentTwoSided(mean / error, n - 1) / 2
  return {
    p: mean > 0 ? beyond : 1 - beyond,
    worseByAtMost: mean + studentQuantile(2 * significance, n - 1) * error,
    method,
  }
}

/** The smallest normal float32, as in the loss of an evaluation. */
const smallest = 2 ** -126

interface Answer {
  readonly right: boolean
  readonly loss: number
}

const answerAt = ({ classes, labels, probabilities }: Answers, row: number): Answer => ({
  right: argmax(probabilities, row, classes) === labels[row],
  loss: -Math.log(Math.max(probabilities[row * classes + labels[row]], smallest)),
})

const mean = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0) / values.length

/** Over the examples both answered; fails in words where there are not two of them. */
export const pairedTest = (
  gate: Gate,
  champion: Answers,
  challenger: Answers,
): Result.Result<PairedTest, string> => {
  const rows = new Map(champion.keys.map((key, row) => [key, row]))
  const pairs = challenger.keys.flatMap((key, row): ReadonlyArray<readonly [Answer, Answer]> => {
    const other = rows.get(key)
    return other === undefined ? [] : [[answerAt(champion, other), answerAt(challenger, row)]]
  })
  if (pairs.length < 2) return Result.fail("they were not tested on the same examples")
  const valuesOf = (side: 0 | 1) =>
    pairs.map((pair) => (gate.metric === "loss" ? pair[side].loss : pair[side].right ? 1 : 0))
  const only = (side: 0 | 1) => pairs.filter((pair) => pair[side].right && !pair[1 - side].right).length
  const figures =
    gate.metric === "loss"
      ? lossWorse(
          pairs.map(([a, b]) => b.loss - a.loss),
          gate.significance,
        )
      : mcnemarWorse(only(0), only(1), pairs.length, gate.significance)
  return Result.succeed({
    metric: gate.metric,
    examples: pairs.length,
    champion: mean(valuesOf(0)),
    challenger: mean(valuesOf(1)),
    ...figures,
  })
}

/** Whether two models answered the same examples with the same probabilities, to the bit. */
export const sameAnswers = (a: Answers, b: Answers): boolean =>
  a.keys.length === b.keys.length &&
  a.keys.every((key, i) => key === b.keys[i]) &&
  a.probabilities.every((value, i) => value === b.probabilities[i])
