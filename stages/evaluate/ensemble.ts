/** Answers of several models made one: (probabilities of each, [examples, classes]) -> probabilities, the same shape. */
import type { Combination } from "../../schemas/Ensemble.ts"
import { argmax } from "../statistics/proportions.ts"

/**
 * `mean`: their mean. `vote`: each model's answer is a vote, and one more is shared out by the mean, which decides
 * between classes of as many votes; all of it divided by the number of votes.
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
