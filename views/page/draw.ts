/**
 * Charts of a page: (Plot options, alternative text) -> Html with an SVG. Charts are drawn here, so the page needs no script.
 *
 * Colours are CSS variables of the page, so a chart follows the reader's theme. To a screen reader a chart is one image
 * whose text is `alternative`; the numbers belong in the figure's table. Loading Plot takes a quarter of a second: import
 * this file where a page is made, not at start-up.
 */
import * as Plot from "@observablehq/plot"
import { parseHTML } from "linkedom"
import { escape, Html, legible } from "./html.ts"

export { Plot }

/** Drawn at about this size on a phone and in each of three columns on a desktop, so that text is as large as around it. */
export const chartSize = { width: 340, height: 220 } as const
export const wideChartSize = { width: 900, height: 300 } as const
/** With room for the texts of both axes. */
export const wideChart = {
  ...wideChartSize,
  marginLeft: 58,
  marginRight: 16,
  marginBottom: 38,
  marginTop: 26,
} as const

const { document } = parseHTML("<!doctype html><html><body></body></html>")

/** The part of an element that is used here; linkedom's elements have it. */
interface DrawnElement {
  readonly attributes: ReadonlyArray<{ readonly name: string; value: string }>
  readonly children: Iterable<DrawnElement>
  readonly localName: string
  readonly outerHTML: string
  readonly removeAttribute: (name: string) => void
  readonly remove: () => void
}

/** Coordinates rounded to a tenth of a pixel: it halves the file and is not visible. */
const rounded = (value: string) =>
  value.replace(/-?\d+\.\d{2,}/g, (number) => String(+Number(number).toFixed(1)))

const tidy = (element: DrawnElement): void => {
  for (const child of Array.from(element.children)) {
    if (child.localName === "style") child.remove()
    else tidy(child)
  }
  // The chart as a whole has a label; its parts must not have their own.
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
  // linkedom escapes text, but attributes only in part: the one attribute with text is written here.
  const [, rest] = /^<svg(.*)$/s.exec(legible(svg.outerHTML)) ?? []
  return new Html(`<svg role="img" aria-label="${escape(alternative)}"${rest}`)
}
