/** The wrong answers given with most confidence: (records, images) -> the section that shows them, or null without any. */
import type { Mistake } from "../../schemas/Report.ts"
import type { Picture } from "../page/examplePicture.ts"
import { type Content, html } from "../page/html.ts"
import { paragraph, type Section } from "../page/page.ts"
import { count } from "../page/numbers.ts"

import type { RunRecords } from "./RunRecords.ts"

/** Without decimals; never 100 % for what is less. */
const sure = (share: number) =>
  share > 0.995 ? `over ${share > 0.9995 ? "99.9" : "99"} %` : `${Math.round(100 * share)} %`

const little = (share: number) => (share < 0.005 ? "under 1 %" : `${Math.round(100 * share)} %`)

const card = (mistake: Mistake, names: ReadonlyArray<string>, image: Picture | undefined): Content => {
  const [name, taken] = [names[mistake.label] ?? mistake.label, names[mistake.predicted] ?? mistake.predicted]
  return html`<li>
    <figure>
      ${image?.(`a ${name} taken for ${taken}`) ?? null}
      <figcaption>
        <strong>${name}</strong> taken for <strong>${taken}</strong><br /><small
          >${sure(mistake.confidence)} sure, ${little(mistake.labelProbability)} for ${name}<br />test example
          ${mistake.index}</small
        >
      </figcaption>
    </figure>
  </li>`
}

export const mistakesSection = (
  { test }: RunRecords,
  names: ReadonlyArray<string>,
  /** By index in the test split. */
  images: ReadonlyMap<number, Picture>,
): Section | null => {
  const mistakes = test?.mistakes
  if (mistakes === undefined || test === null) return null
  const title = "Worst mistakes"
  if (mistakes.length === 0)
    return { id: "mistakes", title, content: paragraph("Every test example was answered rightly.") }
  const wrong =
    test.error === undefined || test.examples === undefined
      ? undefined
      : Math.round(test.error.value * test.examples)
  const shown =
    wrong === undefined || wrong <= mistakes.length
      ? `All ${mistakes.length} wrong answers`
      : `The ${mistakes.length} of ${count(wrong)} wrong answers given with most confidence`
  return {
    id: "mistakes",
    title,
    content: [
      paragraph(`${shown}, most confident first. Test examples are counted from 0.`),
      html`<ol class="mistakes">
        ${mistakes.map((mistake) => card(mistake, names, images.get(mistake.index)))}
      </ol>`,
    ],
  }
}
