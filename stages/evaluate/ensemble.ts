/**
 * Combines the predictions of several models: (probabilities of each, [examples, classes]) -> probabilities, the same
 * shape.
 */
import type { Combination } from "../../schemas/Ensemble.ts"
import { argmax } from "../statistics/proportions.ts"

/**
 * `mean`: the mean of their probabilities. `vote`: the shares of the votes. Each model votes for the class it predicts; one
 * more vote is divided as the mean is, so that it decides a tie.
 */
export const combine = (
  combination: Combination,
  models: ReadonlyArray<Float32Array>,
  classes: number,
): Float32Array => {
  const mean = models[0].map((_, i) => models.reduce((sum, model) => sum + model[i], 0) / models.length)
  if (combination === "mean") return mean
  const votes = mean
  for (const model of models) {
    for (let row = 0; row * classes < model.length; row++)
      votes[row * classes + argmax(model, row, classes)]++
  }
  return votes.map((share) => share / (models.length + 1))
}
