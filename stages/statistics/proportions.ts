/**
 * Figures over predicted probabilities: plain functions, no state.
 */
import type { ClassReport, Interval, Mistake } from "../../schemas/Report.ts"

/** z of a two-sided 95 % interval: the normal distribution's 97.5 % quantile. */
const z = 1.959963984540054

/** A share of `n` with its Wilson score interval: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927); holds at 0 and 1 too. */
export const wilsonInterval = (successes: number, n: number): Interval => {
  const share = successes / n
  const denominator = 1 + (z * z) / n
  const centre = (share + (z * z) / (2 * n)) / denominator
  const half = (z / denominator) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
  return {
    value: share,
    low: Math.max(0, Math.min(share, centre - half)),
    high: Math.min(1, Math.max(share, centre + half)),
  }
}

/** The first largest value of row `row`: [n, classes] -> label. */
export const argmax = (probabilities: Float32Array, row: number, classes: number): number => {
  let best = 0
  for (let c = 1; c < classes; c++) {
    if (probabilities[row * classes + c] > probabilities[row * classes + best]) best = c
  }
  return best
}

export const predictedLabels = (probabilities: Float32Array, classes: number): Int32Array =>
  Int32Array.from({ length: probabilities.length / classes }, (_, row) => argmax(probabilities, row, classes))

/** Counts: true label (row) × predicted label (column). */
export const confusionMatrix = (
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): ReadonlyArray<ReadonlyArray<number>> => {
  const matrix = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0))
  for (let i = 0; i < labels.length; i++) matrix[labels[i]][predicted[i]]++
  return matrix
}

const ratio = (part: number, whole: number) => (whole === 0 ? null : part / whole)

/** Precision TP / (TP + FP), recall TP / (TP + FN), F1 2 TP / (2 TP + FP + FN) of each class. */
export const classReports = (confusion: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<ClassReport> =>
  confusion.map((row, label) => {
    const right = row[label]
    const support = row.reduce((a, b) => a + b, 0)
    const predicted = confusion.reduce((sum, other) => sum + other[label], 0)
    return {
      label,
      support,
      precision: ratio(right, predicted),
      recall: ratio(right, support),
      f1: ratio(2 * right, support + predicted),
    }
  })

/** The wrong predictions with the highest confidence; ties in the order of the split. */
export const worstMistakes = (
  labels: ArrayLike<number>,
  probabilities: Float32Array,
  classes: number,
  limit: number,
): ReadonlyArray<Mistake> =>
  Array.from(predictedLabels(probabilities, classes), (predicted, index) => ({
    index,
    label: labels[index],
    predicted,
    confidence: probabilities[index * classes + predicted],
    labelProbability: probabilities[index * classes + labels[index]],
  }))
    .filter((example) => example.predicted !== example.label)
    .sort((a, b) => b.confidence - a.confidence || a.index - b.index)
    .slice(0, limit)
