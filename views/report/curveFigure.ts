/**
 * The figure of a quantity by iteration: (series, table) -> Html. Long curves are thinned, and so are their tables.
 */
import { count } from "../../format/numbers.ts"
import { figure } from "../page/figures.ts"
import type { Html } from "../page/html.ts"
import { type LineChart, lineChart, type Point, type Series } from "../page/lineChart.ts"
import type { Column } from "../page/tables.ts"

/** Points per curve: more would not be visible and would make the page large. */
const pointsDrawn = 400
/** Curves with more points are drawn without dots. */
const maxDots = 60
const rowsShown = 40

/** All points of a short curve; of a long one, means over equal ranges, each drawn at the last iteration of its range. */
const thinned = (points: ReadonlyArray<Point>): ReadonlyArray<Point> => {
  const length = Math.ceil(points.length / pointsDrawn)
  if (length <= 1) return points
  return Array.from({ length: Math.ceil(points.length / length) }, (_, i) => {
    const part = points.slice(i * length, (i + 1) * length)
    return { x: part[part.length - 1].x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length }
  })
}

/** All rows, or evenly spaced ones if there are many; always with the last one. */
export const sampled = <Row>(rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const every = Math.ceil(rows.length / rowsShown)
  return rows.filter((_, i) => (i + 1) % every === 0 || i === rows.length - 1)
}

export const right = (name: string): Column => ({ name, numeric: true })

type Rows = ReadonlyArray<{ readonly iteration: number }>
export const span = (rows: Rows) =>
  `iterations ${count(rows[0].iteration)} to ${count(rows[rows.length - 1].iteration)}`

/** A series with one point per row. */
export const seriesOf = <Row extends { readonly iteration: number }>(
  name: string,
  rows: ReadonlyArray<Row>,
  value: (row: Row) => number,
  write: (value: number) => string,
): Series => {
  const dots = rows.length <= maxDots
  const points = rows.map((row) => {
    const [x, y] = [row.iteration, value(row)]
    return dots ? { x, y, tooltip: `${name}, iteration ${count(x)}: ${write(y)}` } : { x, y }
  })
  return { name, dots, points: thinned(points) }
}

interface CurveFigure {
  readonly title: string
  readonly caption: string
  readonly alternative: string
  readonly y: LineChart["y"]
  readonly series: ReadonlyArray<Series>
  readonly labels?: LineChart["labels"]
  readonly data: Html
}

export const curveFigure = (
  { alternative, caption, data, labels = [], series, title, y }: CurveFigure,
  events: NonNullable<LineChart["events"]>,
) => {
  const picture = lineChart({ alternative, x: { label: "iteration" }, y, series, labels, events })
  return picture === null ? null : figure({ title, caption, picture, data })
}
