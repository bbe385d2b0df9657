/**
 * What the gate says of a model: (gate, figures, paired test) -> Verdict, with every reason, not only the first.
 */
import type { PairedTest, Verdict } from "../../schemas/Champion.ts"
import type { Gate } from "../../schemas/Gate.ts"
import type { Report } from "../../schemas/Report.ts"
import { percent } from "../../format/percent.ts"

const bytesOfParameter = 4

/** The champion a model is held against. */
export type Opponent =
  | { readonly kind: "none" }
  | { readonly kind: "tested"; readonly test: PairedTest }
  /** The same answers to the bit: promoting it would change nothing. */
  | { readonly kind: "same" }
  /** No comparison was possible, in words why. */
  | { readonly kind: "untested"; readonly problem: string }

const pText = (p: number) => (p < 0.0001 ? "p < 0.0001" : `p = ${p.toPrecision(2)}`)

const amount = (metric: PairedTest["metric"], value: number) =>
  metric === "loss" ? value.toPrecision(3) : `${(100 * value).toFixed(2)} points`

/** Where a model falls short of what any champion must reach. */
const shortcomings = (gate: Gate, { parameters, test }: Report, latencyMs: number | null) => {
  const reasons: Array<string> = []
  const accuracy = test.accuracy.value
  if (gate.leastAccuracy !== undefined && accuracy < gate.leastAccuracy) {
    reasons.push(`accuracy ${percent(accuracy)}, the gate asks for ${percent(gate.leastAccuracy)}`)
  }
  const guessing = Math.max(...test.classes.map(({ support }) => support)) / test.examples
  if (gate.leastAccuracy === undefined && accuracy <= guessing) {
    reasons.push(`accuracy ${percent(accuracy)}, always guessing one class reaches ${percent(guessing)}`)
  }
  for (const { label, recall } of test.classes) {
    const least = typeof gate.leastRecall === "object" ? gate.leastRecall[label] : gate.leastRecall
    if (least === undefined || (recall !== null && recall >= least)) continue
    const found = recall === null ? "no test example" : `recall ${percent(recall)}`
    reasons.push(`class ${label} has ${found}, the gate asks for ${percent(least)}`)
  }
  if (gate.mostLatencyMs !== undefined && !(latencyMs !== null && latencyMs <= gate.mostLatencyMs)) {
    const found = latencyMs === null ? "its latency is not known" : `latency ${latencyMs.toPrecision(3)} ms`
    reasons.push(`${found}, the gate allows ${gate.mostLatencyMs} ms`)
  }
  const sizeBytes = parameters * bytesOfParameter
  if (gate.mostSizeBytes !== undefined && sizeBytes > gate.mostSizeBytes) {
    reasons.push(`size ${sizeBytes} bytes, the gate allows ${gate.mostSizeBytes}`)
  }
  return reasons
}

/** Why a model does not hold against the champion, and what to say where it does. */
const compared = (
  gate: Gate,
  { test }: Report,
  opponent: Opponent,
): { readonly against?: string; readonly for?: string } => {
  if (opponent.kind === "none") return { for: "it is the first that the gate has seen" }
  if (opponent.kind === "same") return { against: "it gives the champion's answers to the bit" }
  if (opponent.kind === "untested")
    return { against: `it cannot be compared with the champion: ${opponent.problem}` }
  const { challenger, champion, examples, metric, p, worseByAtMost } = opponent.test
  const show = (value: number) => (metric === "loss" ? value.toPrecision(4) : percent(value))
  const on = examples === test.examples ? `${examples}` : `${examples} of ${test.examples}`
  const figures = `${metric} ${show(challenger)}, the champion's ${show(champion)}, on ${on} test examples`
  if (p < gate.significance) return { against: `worse than the champion: ${figures}, ${pText(p)}` }
  if (gate.margin !== undefined && worseByAtMost > gate.margin) {
    return {
      against: `not shown to be within the margin: ${figures}; it may be worse by ${amount(metric, worseByAtMost)}, the gate allows ${amount(metric, gate.margin)}`,
    }
  }
  if (worseByAtMost < 0) {
    return { for: `better than the champion: ${figures}, by ${amount(metric, -worseByAtMost)} or more` }
  }
  return { for: `not worse than the champion: ${figures}, ${pText(p)}` }
}

export const judge = (gate: Gate, report: Report, latencyMs: number | null, opponent: Opponent): Verdict => {
  const { against, for: pro } = compared(gate, report, opponent)
  const reasons = [...shortcomings(gate, report, latencyMs), ...(against === undefined ? [] : [against])]
  return {
    passed: reasons.length === 0,
    reasons: reasons.length === 0 && pro !== undefined ? [pro] : reasons,
    test: opponent.kind === "tested" ? opponent.test : null,
    accuracy: report.test.accuracy.value,
    latencyMs,
    sizeBytes: report.parameters * bytesOfParameter,
  }
}
