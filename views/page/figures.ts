/**
 * Figures of a page: (title, picture, caption, data) -> Html. The data stand behind the picture as a table, folded, for
 * whoever cannot see it or wants the numbers.
 */
import { type Content, type Html, html } from "./html.ts"
import { folded } from "./page.ts"

export interface Figure {
  readonly title: string
  /** A chart, an image, or a few of them; each has a text of its own that says what it shows. */
  readonly picture: Content
  readonly caption?: Content
  /** A table. */
  readonly data?: Html | null
  /** As broad as the page. */
  readonly wide?: boolean
}

export const figure = ({ caption, data, picture, title, wide }: Figure): Html =>
  html`<figure class="${wide === true ? "wide" : "narrow"}">
    <figcaption>
      <h3>${title}</h3>
      ${caption === undefined ? null : html`<p>${caption}</p>`}
    </figcaption>
    ${picture} ${data === undefined || data === null ? null : folded("The same as a table", data)}
  </figure>`

/** Figures side by side where there is room. */
export const gallery = (figures: ReadonlyArray<Html>): Html => html`<div class="gallery">${figures}</div>`

/** A PNG in the page itself; `alternative` says what is to be seen. Sizes in pixels of the page. */
export const picture = (options: {
  readonly png: Uint8Array
  readonly alternative: string
  readonly width: number
  readonly height: number
}): Html =>
  html`<img
    src="data:image/png;base64,${Buffer.from(options.png).toString("base64")}"
    alt="${options.alternative}"
    width="${options.width}"
    height="${options.height}"
  />`
