/** Predictions as a table: (predictions, class names) -> lines. */
import type { Prediction } from "../../inspect/predictImages.ts"
import { table } from "./table.ts"

/** With more classes than fit a terminal as columns, only the most probable ones are shown. */
const maxColumns = 12
const classesShown = 3

const percent = (share: number) => (100 * share).toFixed(1)

export const renderPredictions = (
  predictions: ReadonlyArray<Prediction>,
  names: ReadonlyArray<string>,
): string => {
  if (names.length <= maxColumns && names.every((name) => name.length <= 3)) {
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
  const mostProbable = (probabilities: ReadonlyArray<number>) =>
    probabilities
      .map((probability, label) => ({ probability, name: names[label] }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, classesShown)
      .map(({ name, probability }) => `${name} ${percent(probability)} %`)
      .join(", ")
  return table(
    ["image", "label", "most probable"],
    predictions.map(({ class: name, image, probabilities }) => [image, name, mostProbable(probabilities)]),
    3,
  )
}
