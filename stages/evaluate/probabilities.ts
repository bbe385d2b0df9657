/**
 * What a network answers, as class probabilities: (loss, answers [examples, classes]) -> probabilities, the same shape.
 *
 * Under softmaxCrossEntropy a network answers with probabilities. Under meanSquaredError with its outputs, in [0, 1], whose
 * loss is defined as they are; their probabilities are the outputs divided by their sum.
 */
import type { Loss } from "../../schemas/Experiment.ts"

/** All outputs may underflow to 0: then no class is likelier than another, and 0 is divided by something. */
export const leastSum = 1e-30

export const toProbabilities = (loss: Loss, answers: Float32Array, classes: number): Float32Array => {
  if (loss === "softmaxCrossEntropy") return answers
  const probabilities = new Float32Array(answers.length)
  for (let row = 0; row < answers.length; row += classes) {
    let sum = 0
    for (let c = 0; c < classes; c++) sum += answers[row + c]
    for (let c = 0; c < classes; c++) probabilities[row + c] = answers[row + c] / Math.max(sum, leastSum)
  }
  return probabilities
}
