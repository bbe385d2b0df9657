/**
 * Figures of a page: (title, picture, caption, data) -> Html. A folded table below the picture holds its data, for readers
 * who cannot see the picture or want the numbers.
 */
import { unbroken } from "../../format/unbroken.ts"
import { type Content, type Html, html } from "./html.ts"
import { folded } from "./page.ts"

export interface Figure {
  readonly title: string
  /** A chart, an image, or several; each has its own alternative text. */
  readonly picture: Content
  readonly caption?: Content
  /** A table. */
  readonly data?: Html | null
  /** Spans the width of the page. */
  readonly wide?: boolean
}

export const figure = ({ caption, data, picture, title, wide }: Figure): Html =>
  html`<figure class="${wide === true ? "wide" : "narrow"}">
    <figcaption>
      <h3>${title}</h3>
      ${caption === undefined ? null : html`<p>${typeof caption === "string" ? unbroken(caption) : caption}</p>`}
    </figcaption>
    ${picture} ${data === undefined || data === null ? null : folded("Data as a table", data)}
  </figure>`

/** A chart that is wider than a phone: it scrolls by itself, also with the keyboard. */
export const scrolling = (title: string, chart: Content): Html =>
  html`<div class="scroll" role="group" tabindex="0" aria-label="${title}">${chart}</div>`

/** Figures side by side if there is room. Charts in a row are on one line, whatever the length of their captions. */
export const gallery = (figures: ReadonlyArray<Html>): Html => html`<div class="gallery">${figures}</div>`

/** An embedded PNG with its alternative text. Sizes are in CSS pixels. */
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
