/**
 * Calibration: (labels, probabilities [examples, classes]) -> accuracy by confidence, and the expected calibration error.
 *
 * Predictions are put into bins of equal width by their confidence, the probability of the predicted class. Of predictions with
 * 80 % confidence, 80 % should be correct. The expected calibration error is the mean gap between confidence and accuracy, with
 * bins weighted by their examples: Naeini et al., AAAI 2015; 15 bins as in Guo et al., ICML 2017.
 */
import type { Interval } from "../../schemas/Report.ts"
import { argmax, wilsonInterval } from "./proportions.ts"

export interface CalibrationBin {
  /** Probabilities above `low`, up to `high`. */
  readonly low: number
  readonly high: number
  readonly examples: number
  /** Mean confidence, and accuracy with its 95 % interval. Null for an empty bin. */
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
  const correct = Array.from({ length: count }, () => 0)
  const confidences = Array.from({ length: count }, () => 0)
  for (let row = 0; row < labels.length; row++) {
    const predicted = argmax(probabilities, row, classes)
    const confidence = probabilities[row * classes + predicted]
    // Rounding may make a probability slightly larger than 1.
    const bin = Math.min(count - 1, Math.max(0, Math.ceil(confidence * count) - 1))
    examples[bin]++
    confidences[bin] += confidence
    if (predicted === labels[row]) correct[bin]++
  }
  const total = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0)
  const gaps = examples.map((_, bin) => Math.abs(correct[bin] - confidences[bin]))
  return {
    bins: examples.map((n, bin) => ({
      low: bin / count,
      high: (bin + 1) / count,
      examples: n,
      confidence: n === 0 ? null : confidences[bin] / n,
      accuracy: n === 0 ? null : wilsonInterval(correct[bin], n),
    })),
    expectedError: total(gaps) / labels.length,
    confidence: total(confidences) / labels.length,
    accuracy: total(correct) / labels.length,
  }
}
