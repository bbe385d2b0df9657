/** The points of a chart as a table, for readers who cannot see it or want the numbers. */
import { count } from "../../format/numbers.ts"
import type { ChartSeries } from "./chartSeries.ts"
import { scrollTable } from "./scrollTable.ts"

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
  return scrollTable(
    `${title}, as a table`,
    [xLabel, ...series.map(({ name }) => name)].map((name) => ({ name, isNumeric: true })),
    shown.map((x) => [count(x), ...values.map((each) => cell(each.get(x)))]),
  ).element
}
