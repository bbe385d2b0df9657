/** Predictions as a person reads them: (predictions, names of the classes) -> a table. */
import { table } from "./table.ts"

export interface Prediction {
  readonly image: string
  readonly label: number
  readonly class: string
  /** By label; their sum is 1. */
  readonly probabilities: ReadonlyArray<number>
}

/** So many short names make columns that fit a terminal; of more classes the likeliest are named. */
const mostColumns = 12
const likeliestShown = 3

const percent = (share: number) => (100 * share).toFixed(1)

export const renderPredictions = (
  predictions: ReadonlyArray<Prediction>,
  names: ReadonlyArray<string>,
): string => {
  if (names.length <= mostColumns && names.every((name) => name.length <= 3)) {
    return table(
      ["image", "label", ...names.map((name) => `${name} %`)],
      predictions.map(({ class: name, image, probabilities }) => [
        image,
        name,
        ...probabilities.map(percent),
      ]),
      2,
    )
  }
  const likeliest = (probabilities: ReadonlyArray<number>) =>
    probabilities
      .map((probability, label) => ({ probability, name: names[label] }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, likeliestShown)
      .map(({ name, probability }) => `${name} ${percent(probability)} %`)
      .join(", ")
  return table(
    ["image", "label", "likeliest"],
    predictions.map(({ class: name, image, probabilities }) => [image, name, likeliest(probabilities)]),
    3,
  )
}
