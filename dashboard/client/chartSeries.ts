/** A curve of a chart: its points, how it is drawn, and its place in the legend. */
import { element } from "./element.ts"

export interface ChartSeries {
  readonly name: string
  /** Position among the colours. */
  readonly color: number
  /** Ascending. */
  readonly xs: ReadonlyArray<number>
  /** NaN marks a value that is no number. */
  readonly ys: ReadonlyArray<number>
  readonly dashed?: boolean
  /** Points without lines. */
  readonly scattered?: boolean
}

/** A logarithmic axis has no place for 0: it is drawn below the smallest value, as on the static pages. */
export const placed = (ys: ReadonlyArray<number>, floor: number | undefined) =>
  floor === undefined ? ys : ys.map((y) => (y > 0 || Number.isNaN(y) ? y : floor))

export const floorOf = (series: ReadonlyArray<ChartSeries>): number => {
  let smallest = Infinity
  for (const { ys } of series) for (const y of ys) if (y > 0 && y < smallest) smallest = y
  return Number.isFinite(smallest) ? smallest / 2 : 0.1
}

export const legendItem = ({ color, dashed, name, scattered }: ChartSeries) =>
  element(
    "li",
    {},
    element("span", {
      class: "swatch",
      "data-color": color % 8,
      "data-dashed": dashed === true,
      "data-scattered": scattered === true,
    }),
    name,
  )
