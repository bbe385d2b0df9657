/**
 * Charts of a page: (what Plot is to draw, its text) -> Html with an SVG in it, drawn here; the page needs no script.
 *
 * Colours are variables of the page's style, so a chart follows the reader's theme. To a screen reader a chart is one
 * image with `alternative` as its text; the numbers belong into the figure's table. Loading Plot takes a quarter of a
 * second: import this file where a page is made, not where a program starts.
 */
import * as Plot from "@observablehq/plot"
import { parseHTML } from "linkedom"
import { escape, Html, legible } from "./html.ts"

export { Plot }

/** A size that is read well on a phone, where charts are not shrunk, and side by side on a screen. */
export const chartSize = { width: 400, height: 240 } as const
export const wideChartSize = { width: 900, height: 300 } as const

const { document } = parseHTML("<!doctype html><html><body></body></html>")

/** What of an element is used; linkedom's are such. */
interface DrawnElement {
  readonly attributes: ReadonlyArray<{ readonly name: string; value: string }>
  readonly children: Iterable<DrawnElement>
  readonly localName: string
  readonly outerHTML: string
  readonly removeAttribute: (name: string) => void
  readonly remove: () => void
}

/** Coordinates to a tenth of a pixel: half the size of the file, and nobody sees it. */
const rounded = (value: string) =>
  value.replace(/-?\d+\.\d{2,}/g, (number) => String(+Number(number).toFixed(1)))

const tidy = (element: DrawnElement): void => {
  for (const child of Array.from(element.children)) {
    if (child.localName === "style") child.remove()
    else tidy(child)
  }
  // Parts of an image have no names of their own: the whole has one.
  for (const name of ["aria-label", "aria-hidden", "aria-description"]) element.removeAttribute(name)
  for (const attribute of element.attributes) {
    if (attribute.name !== "stroke-opacity" && attribute.name !== "fill-opacity")
      attribute.value = rounded(attribute.value)
  }
}

/** Any chart Plot can draw. */
export const draw = (alternative: string, options: Plot.PlotOptions): Html => {
  const svg: DrawnElement = Plot.plot({
    ...options,
    document,
    figure: false,
    className: "plot",
    style: { fontSize: "12px" },
  })
  tidy(svg)
  for (const name of ["width", "height", "font-family"]) svg.removeAttribute(name)
  // linkedom escapes text, but not all of an attribute: the only one with words in it is written here.
  const [, rest] = /^<svg(.*)$/s.exec(legible(svg.outerHTML)) ?? []
  return new Html(`<svg role="img" aria-label="${escape(alternative)}"${rest}`)
}
