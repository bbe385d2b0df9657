/**
 * Whether a model is as sure as it should be: (labels, probabilities [examples, classes]) -> calibration.
 *
 * Answers are put into bins of equal width by the probability of the class answered; of those given with 80 %, 80 % should
 * be right. The expected calibration error is the mean distance over all examples: Naeini et al., AAAI 2015, with the 15
 * bins of Guo et al., ICML 2017.
 */
import type { Interval } from "../../schemas/Report.ts"
import { argmax, wilsonInterval } from "./proportions.ts"

export interface CalibrationBin {
  /** Probabilities above `low`, up to `high`. */
  readonly low: number
  readonly high: number
  readonly examples: number
  /** Mean probability of the answers; the share of them that is right, with its 95 % interval. Null for an empty bin. */
  readonly confidence: number | null
  readonly accuracy: Interval | null
}

export interface Calibration {
  readonly bins: ReadonlyArray<CalibrationBin>
  readonly expectedError: number
  /** Over all examples. */
  readonly confidence: number
  readonly accuracy: number
}

export const calibration = (
  labels: ArrayLike<number>,
  probabilities: Float32Array,
  classes: number,
  count = 15,
): Calibration => {
  const examples = Array.from({ length: count }, () => 0)
  const right = Array.from({ length: count }, () => 0)
  const sure = Array.from({ length: count }, () => 0)
  for (let row = 0; row < labels.length; row++) {
    const answer = argmax(probabilities, row, classes)
    const confidence = probabilities[row * classes + answer]
    // Rounding may take a probability a little beyond 1.
    const bin = Math.min(count - 1, Math.max(0, Math.ceil(confidence * count) - 1))
    examples[bin]++
    sure[bin] += confidence
    if (answer === labels[row]) right[bin]++
  }
  const total = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)
  const distance = examples.map((_, bin) => Math.abs(right[bin] - sure[bin]))
  return {
    bins: examples.map((n, bin) => ({
      low: bin / count,
      high: (bin + 1) / count,
      examples: n,
      confidence: n === 0 ? null : sure[bin] / n,
      accuracy: n === 0 ? null : wilsonInterval(right[bin], n),
    })),
    expectedError: total(distance) / labels.length,
    confidence: total(sure) / labels.length,
    accuracy: total(right) / labels.length,
  }
}
