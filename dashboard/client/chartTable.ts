/** The points of a chart as a table, for readers who cannot see it or want the numbers. */
import { count } from "../../format/numbers.ts"
import type { ChartSeries } from "./chartSeries.ts"
import { element } from "./element.ts"

/** Of a long curve, evenly spaced rows and the last one. */
const rowsShown = 40

export const valuesTable = (
  title: string,
  xLabel: string,
  series: ReadonlyArray<ChartSeries>,
  format: (value: number) => string,
): HTMLElement => {
  const values = series.map(({ xs, ys }) => new Map(xs.map((x, i) => [x, ys[i]])))
  const all = [...new Set(values.flatMap((each) => [...each.keys()]))].sort((a, b) => a - b)
  const every = Math.ceil(all.length / rowsShown)
  const shown = all.filter((_, i) => (i + 1) % every === 0 || i === all.length - 1)
  const cell = (value: number | undefined) =>
    value === undefined ? "–" : Number.isFinite(value) ? format(value) : "no number"
  return element(
    "div",
    { class: "scroll", role: "group", tabindex: 0, "aria-label": `${title}, as a table` },
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col", class: "numeric" }, xLabel),
          series.map(({ name }) => element("th", { scope: "col", class: "numeric" }, name)),
        ),
      ),
      element(
        "tbody",
        {},
        shown.map((x) =>
          element(
            "tr",
            {},
            element("th", { scope: "row", class: "numeric" }, count(x)),
            values.map((each) => element("td", { class: "numeric" }, cell(each.get(x)))),
          ),
        ),
      ),
    ),
  )
}
