/**
 * Predictions as class probabilities: (loss, predictions [examples, classes]) -> probabilities, the same shape.
 *
 * Under softmaxCrossEntropy and losses of own code a network predicts probabilities. Under meanSquaredError it predicts outputs in [0, 1], of which
 * the loss is computed as they are; the probabilities are the outputs divided by their sum.
 */
import type { Loss } from "../../schemas/experiment/Experiment.ts"

/** The least divisor, because all outputs may underflow to 0: then every probability is 0, and no class is likelier. */
export const minSum = 1e-30

export const toProbabilities = (loss: Loss, predictions: Float32Array, classes: number): Float32Array => {
  if (loss !== "meanSquaredError") return predictions
  const probabilities = new Float32Array(predictions.length)
  for (let row = 0; row < predictions.length; row += classes) {
    let sum = 0
    for (let c = 0; c < classes; c++) sum += predictions[row + c]
    for (let c = 0; c < classes; c++) probabilities[row + c] = predictions[row + c] / Math.max(sum, minSum)
  }
  return probabilities
}
