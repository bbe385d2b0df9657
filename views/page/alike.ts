/** Pairs of images that look alike, as cards: (record, pictures by index) -> list, or null without pairs. */
import type { NearDuplicateFigures } from "../../schemas/experiment/Dataset.ts"
import { count } from "../../format/numbers.ts"
import type { Picture } from "./examplePicture.ts"
import { type Content, html } from "./html.ts"
import { paragraph } from "./page.ts"

const correlated = (correlation: number) => (correlation > 0.9995 ? "over 0.999" : correlation.toFixed(3))

/** The indices of the images that are shown. */
export const alikeIndices = (found: NearDuplicateFigures | null | undefined): ReadonlyArray<number> =>
  (found?.examples ?? []).flatMap(({ first, second }) => [first, second])

export const alikeCards = (
  found: NearDuplicateFigures,
  pictures: ReadonlyMap<number, Picture>,
): ReadonlyArray<Content> => {
  const { examples, isComplete, pairs } = found
  const searched = isComplete ? "" : " The search ended before all images were compared."
  if (pairs === 0) return [paragraph(`No images of several splits look alike.${searched}`)]
  const which =
    pairs > examples.length ? `The ${examples.length} most similar of ${count(pairs)}` : `All ${pairs}`
  const cards = examples.map(
    ({ correlation, first, firstName, second, secondName }) =>
      html`<li>
        <figure>
          ${pictures.get(first)?.(firstName) ?? null} ${pictures.get(second)?.(secondName) ?? null}
          <figcaption>
            <small>${firstName}<br />${secondName}<br />correlation ${correlated(correlation)}</small>
          </figcaption>
        </figure>
      </li>`,
  )
  return [
    paragraph(
      `${which} pairs of images that are in several splits and look alike. They may be one photograph that was scaled, compressed or brightened; a few are different things.${searched}`,
    ),
    html`<ol class="cards">
      ${cards}
    </ol>`,
  ]
}
