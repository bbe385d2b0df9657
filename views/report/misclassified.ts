/** Misclassified test examples: (records, images) -> the section with the most confident ones, or null if unknown. */
import type { Mistake } from "../../schemas/Report.ts"
import { exampleNumber } from "../page/exampleNumber.ts"
import type { Picture } from "../page/examplePicture.ts"
import { type Content, html } from "../page/html.ts"
import { folded, paragraph, type Section } from "../page/page.ts"

import type { RunRecords } from "./RunRecords.ts"
import { count } from "../../format/numbers.ts"

/** Whole per cent, but never 100 % for less. */
const high = (share: number) =>
  share > 0.995 ? `over ${share > 0.9995 ? "99.9" : "99"} %` : `${Math.round(100 * share)} %`

const low = (share: number) => (share < 0.005 ? "under 1 %" : `${Math.round(100 * share)} %`)

/** The others are folded. */
const worstShown = 12

const card = (
  mistake: Mistake,
  number: string,
  names: ReadonlyArray<string>,
  image: Picture | undefined,
): Content => {
  const [name, predicted] = [
    names[mistake.label] ?? mistake.label,
    names[mistake.predicted] ?? mistake.predicted,
  ]
  return html`<li>
    <figure>
      ${image?.(`a ${name} predicted as ${predicted}`) ?? null}
      <figcaption>
        <strong>${name} → ${predicted}</strong><br /><small
          >${predicted}: ${high(mistake.confidence)}<br />${name}: ${low(mistake.labelProbability)}<br />${number}</small
        >
      </figcaption>
    </figure>
  </li>`
}

export const misclassifiedSection = (
  { dataset, predictions, test }: Pick<RunRecords, "dataset" | "predictions" | "test">,
  names: ReadonlyArray<string>,
  /** By index in the test split. */
  images: ReadonlyMap<number, Picture>,
): Section | null => {
  const mistakes = test?.mistakes
  if (mistakes === undefined || test === null) return null
  const title = "Misclassified examples"
  if (mistakes.length === 0)
    return { id: "misclassified", title, content: paragraph("Every test example is classified correctly.") }
  const wrong =
    test.error === undefined || test.examples === undefined
      ? undefined
      : Math.round(test.error.value * test.examples)
  const shown =
    wrong === undefined || wrong <= mistakes.length
      ? `All ${mistakes.length} misclassified test examples`
      : `The ${mistakes.length} most confident of ${count(wrong)} misclassified test examples`
  const numberOf = ({ index }: Mistake) => {
    const inDataset = predictions?.indices[index]
    return inDataset === undefined || dataset === undefined
      ? `test example ${index}`
      : exampleNumber(inDataset, dataset.train.examples)
  }
  const cards = (some: ReadonlyArray<Mistake>, start: number) =>
    html`<ol class="cards" start="${start}">
      ${some.map((mistake) => card(mistake, numberOf(mistake), names, images.get(mistake.index)))}
    </ol>`
  const rest = mistakes.slice(worstShown)
  return {
    id: "misclassified",
    title,
    content: [
      paragraph(
        `${shown}, in order of confidence: the true class → the predicted class, with the model's probabilities. Images are numbered from 0 in the files for training and test.`,
      ),
      cards(mistakes.slice(0, worstShown), 1),
      rest.length === 0 ? null : folded(`${rest.length} more`, cards(rest, worstShown + 1)),
    ],
  }
}
