/**
 * The verdict of the gate on a model: (gate, report, comparison with the champion) -> Verdict, with every reason, not
 * only the first.
 */
import type { PairedTest, Verdict } from "../../schemas/Champion.ts"
import type { Gate } from "../../schemas/experiment/Gate.ts"
import type { Report } from "../../schemas/Report.ts"
import { count, percent, pValue, threeDigits, unsignedPoints } from "../../format/numbers.ts"

const bytesPerParameter = 4

/** The comparison with the champion. */
export type Opponent =
  | { readonly kind: "none" }
  | { readonly kind: "tested"; readonly test: PairedTest }
  /** The predictions are bit-identical: promoting the model would change nothing. */
  | { readonly kind: "same" }
  /** No comparison was possible; `problem` says why. */
  | { readonly kind: "untested"; readonly problem: string }

const amount = (metric: PairedTest["metric"], value: number) =>
  metric === "loss" ? threeDigits(value) : `${unsignedPoints(value)} points`

/** The limits of the gate that the model misses, whatever the champion. */
const shortcomings = (gate: Gate, { parameters, test }: Report, latencyMs: number | null) => {
  const reasons: Array<string> = []
  const accuracy = test.accuracy.value
  if (gate.leastAccuracy !== undefined && accuracy < gate.leastAccuracy) {
    reasons.push(`accuracy ${percent(accuracy)}, the gate requires ${percent(gate.leastAccuracy)}`)
  }
  const guessing = Math.max(...test.classes.map(({ support }) => support)) / test.examples
  if (gate.leastAccuracy === undefined && accuracy <= guessing) {
    reasons.push(`accuracy ${percent(accuracy)}, always predicting one class reaches ${percent(guessing)}`)
  }
  for (const { label, recall } of test.classes) {
    const least = typeof gate.leastRecall === "object" ? gate.leastRecall[label] : gate.leastRecall
    if (least === undefined || (recall !== null && recall >= least)) continue
    const found = recall === null ? "no test example" : `recall ${percent(recall)}`
    reasons.push(`class ${label} has ${found}, the gate requires ${percent(least)}`)
  }
  if (gate.mostLatencyMs !== undefined && !(latencyMs !== null && latencyMs <= gate.mostLatencyMs)) {
    const found = latencyMs === null ? "latency unknown" : `latency ${threeDigits(latencyMs)} ms`
    reasons.push(`${found}, the gate allows ${gate.mostLatencyMs} ms`)
  }
  const sizeBytes = parameters * bytesPerParameter
  if (gate.mostSizeBytes !== undefined && sizeBytes > gate.mostSizeBytes) {
    reasons.push(`size ${sizeBytes} bytes, the gate allows ${gate.mostSizeBytes}`)
  }
  return reasons
}

/** The reason against the model, or for it, from the comparison with the champion. */
const compared = (
  gate: Gate,
  { test }: Report,
  opponent: Opponent,
): { readonly against?: string; readonly for?: string } => {
  if (opponent.kind === "none") return { for: "there is no champion to compare it with" }
  if (opponent.kind === "same") return { against: "its predictions are identical to the champion's" }
  if (opponent.kind === "untested")
    return { against: `it cannot be compared with the champion: ${opponent.problem}` }
  const { challenger, champion, examples, metric, p, worseByAtMost } = opponent.test
  const show = (value: number) => (metric === "loss" ? value.toPrecision(4) : percent(value))
  const on = examples === test.examples ? count(examples) : `${count(examples)} of ${count(test.examples)}`
  const figures = `${metric} ${show(challenger)}, champion ${show(champion)}, on ${on} test examples`
  if (p < gate.significance)
    return { against: `significantly worse than the champion: ${figures}, ${pValue(p)}` }
  if (gate.margin !== undefined && worseByAtMost > gate.margin) {
    return {
      against: `not shown to be within the margin: ${figures}; it may be worse by ${amount(metric, worseByAtMost)}, the gate allows ${amount(metric, gate.margin)}`,
    }
  }
  if (worseByAtMost < 0) {
    return {
      for: `significantly better than the champion: ${figures}, by ${amount(metric, -worseByAtMost)} or more`,
    }
  }
  return { for: `not significantly worse than the champion: ${figures}, ${pValue(p)}` }
}

export const judge = (gate: Gate, report: Report, latencyMs: number | null, opponent: Opponent): Verdict => {
  const { against, for: inFavour } = compared(gate, report, opponent)
  const reasons = [...shortcomings(gate, report, latencyMs), ...(against === undefined ? [] : [against])]
  return {
    passed: reasons.length === 0,
    reasons: reasons.length === 0 && inFavour !== undefined ? [inFavour] : reasons,
    test: opponent.kind === "tested" ? opponent.test : null,
    accuracy: report.test.accuracy.value,
    latencyMs,
    sizeBytes: report.parameters * bytesPerParameter,
  }
}
