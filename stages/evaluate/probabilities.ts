/**
 * Predictions as class probabilities: (loss, predictions [examples, classes]) -> probabilities, the same shape.
 *
 * Under softmaxCrossEntropy and losses of own code a network predicts probabilities. Under sigmoidCrossEntropy it predicts logits,
 * and under meanSquaredError outputs in [0, 1], because the loss is computed of them. Scores are the sigmoids of logits, or the
 * outputs; the probabilities are the scores divided by their sum. The most probable class is always that of the largest logit, as
 * in training.
 */
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import { argmax } from "../statistics/proportions.ts"

/** The least divisor, because all outputs may underflow to 0: then every probability is 0, and no class is likelier. */
export const minSum = 1e-30

/** Its sigmoids, unlike their logarithms, would all be 1 for large logits and all be 0 for small ones. */
const logSigmoid = (logit: number) => Math.min(logit, 0) - Math.log1p(Math.exp(-Math.abs(logit)))

/** The next smaller float32 of a positive one. */
const below = (value: number) => {
  const bits = new Int32Array(Float32Array.of(value).buffer)
  bits[0]--
  return new Float32Array(bits.buffer)[0]
}

/** Sigmoids divided by their sum, in float64 until they are stored. */
const ofLogits = (logits: Float32Array, classes: number): Float32Array => {
  const probabilities = new Float32Array(logits.length)
  for (let row = 0; row < logits.length / classes; row++) {
    const from = row * classes
    const top = argmax(logits, row, classes)
    const largest = logSigmoid(logits[from + top])
    const shares = Float64Array.from(logits.subarray(from, from + classes), (logit) =>
      Math.exp(logSigmoid(logit) - largest),
    )
    const sum = shares.reduce((total, share) => total + share, 0)
    shares.forEach((share, c) => (probabilities[from + c] = share / sum))
    // Float32 rounds the probabilities of logits such as 18 and 25 to one number. The first of equal ones would be predicted.
    const most = probabilities[from + top]
    for (let c = 0; c < top; c++) if (probabilities[from + c] === most) probabilities[from + c] = below(most)
  }
  return probabilities
}

const ofOutputs = (outputs: Float32Array, classes: number): Float32Array => {
  const probabilities = new Float32Array(outputs.length)
  for (let row = 0; row < outputs.length; row += classes) {
    let sum = 0
    for (let c = 0; c < classes; c++) sum += outputs[row + c]
    for (let c = 0; c < classes; c++) probabilities[row + c] = outputs[row + c] / Math.max(sum, minSum)
  }
  return probabilities
}

export const toProbabilities = (loss: Loss, predictions: Float32Array, classes: number): Float32Array => {
  switch (loss) {
    case "sigmoidCrossEntropy":
      return ofLogits(predictions, classes)
    case "meanSquaredError":
      return ofOutputs(predictions, classes)
    default:
      return predictions
  }
}
