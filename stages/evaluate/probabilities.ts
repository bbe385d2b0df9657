/**
 * Predictions as class probabilities: (loss, predictions [examples, classes]) -> probabilities, the same shape.
 *
 * Under softmaxCrossEntropy and losses of own code a network predicts probabilities. Under sigmoidCrossEntropy it predicts logits,
 * and under meanSquaredError outputs in [0, 1], because the loss is computed of them. Scores are the sigmoids of logits, or the
 * outputs; the probabilities are the scores divided by their sum.
 */
import type { Loss } from "../../schemas/experiment/Experiment.ts"

/** The least divisor, because all outputs may underflow to 0: then every probability is 0, and no class is likelier. */
export const minSum = 1e-30

const sigmoid = (logit: number) => {
  const small = Math.exp(-Math.abs(logit))
  return logit >= 0 ? 1 / (1 + small) : small / (1 + small)
}

export const toProbabilities = (loss: Loss, predictions: Float32Array, classes: number): Float32Array => {
  if (loss !== "meanSquaredError" && loss !== "sigmoidCrossEntropy") return predictions
  const scores = loss === "sigmoidCrossEntropy" ? predictions.map(sigmoid) : predictions
  const probabilities = new Float32Array(scores.length)
  for (let row = 0; row < scores.length; row += classes) {
    let sum = 0
    for (let c = 0; c < classes; c++) sum += scores[row + c]
    for (let c = 0; c < classes; c++) probabilities[row + c] = scores[row + c] / Math.max(sum, minSum)
  }
  return probabilities
}
