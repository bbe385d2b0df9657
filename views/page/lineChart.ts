/**
 * Line charts of a page: (series, axes) -> Html with an SVG and its legend.
 */
import { type Axis, numberTick, verticalAxis } from "./axis.ts"
import { chartSize, draw, Plot, wideChartSize } from "./draw.ts"
import { type Content, Html, html } from "./html.ts"
import { seriesColor, seriesColorCount } from "./style.ts"

export interface Point {
  readonly x: number | Date
  readonly y: number
  /** Tooltip. */
  readonly tooltip?: string
}

export interface Series {
  readonly name: string
  /** By increasing x. */
  readonly points: ReadonlyArray<Point>
  /** Marks each point with a dot, for series with few points. */
  readonly dots?: boolean
  /** Draws dots without a line between them. */
  readonly scattered?: boolean
  /** A letter at the end of the line, for charts with too many lines to tell apart by colour. */
  readonly mark?: string
}

export interface LineChart {
  readonly alternative: string
  readonly x: Axis
  readonly y: Axis
  readonly series: ReadonlyArray<Series>
  /** Vertical lines with a tooltip. */
  readonly events?: ReadonlyArray<{ readonly x: number | Date; readonly tooltip: string }>
  readonly wide?: boolean
}

const dashes = ["none", "5 3", "1.5 2.5", "8 3 2 3"]
/** A few lines without dots also differ in their dashes; with many lines the dashes change after eight colours. */
const dashOf = (series: ReadonlyArray<Series>, i: number) =>
  dashes[
    (series.length <= dashes.length && series[i].dots !== true ? i : Math.floor(i / seriesColorCount)) %
      dashes.length
  ]

const swatch = (series: ReadonlyArray<Series>, i: number) => {
  const { dots, scattered } = series[i]
  const dot =
    dots === true || scattered === true ? `<circle cx="12" cy="5" r="3" fill="${seriesColor(i)}"/>` : ""
  const line = `<path d="M0,5H24" fill="none" stroke="${seriesColor(i)}" stroke-width="2" stroke-dasharray="${dashOf(series, i)}"/>`
  return new Html(`<svg viewBox="0 0 24 10" aria-hidden="true">${scattered === true ? "" : line}${dot}</svg>`)
}

const legend = (series: ReadonlyArray<Series>): Content =>
  series.length < 2
    ? null
    : html`<ul class="legend">
        ${series.map(({ name }, i) => html`<li>${swatch(series, i)}${name}</li>`)}
      </ul>`

/** Letters at the ends of lines, alternating in two columns so that neighbours do not overlap. */
const endMarks = (series: ReadonlyArray<Series>, placed: ReadonlyArray<ReadonlyArray<Point>>) =>
  series.flatMap(({ mark }, i) => {
    const end = placed[i].at(-1)
    return mark === undefined || end === undefined
      ? []
      : [
          Plot.text([end], {
            x: "x",
            y: "y",
            text: () => mark,
            dx: 9 + 10 * (i % 2),
            fontWeight: 600,
            fill: seriesColor(i),
          }),
        ]
  })

/** The line of a series, its dots, or both. */
const marksOf = (series: ReadonlyArray<Series>, i: number, points: ReadonlyArray<Point>) => {
  const { dots = false, scattered = false } = series[i]
  const line = Plot.line(points, {
    x: "x",
    y: "y",
    stroke: seriesColor(i),
    strokeWidth: 1.8,
    strokeDasharray: dashOf(series, i),
  })
  const hasTooltip = points.some(({ tooltip }) => tooltip !== undefined)
  const dotted = Plot.dot(points, {
    x: "x",
    y: "y",
    r: 2.6,
    fill: seriesColor(i),
    ...(hasTooltip ? { title: "tooltip" } : {}),
  })
  return [...(scattered ? [] : [line]), ...(dots || scattered || points.length === 1 ? [dotted] : [])]
}

const horizontalOptions = (axis: Axis, isWide: boolean): Plot.ScaleOptions => ({
  label: axis.label,
  labelAnchor: "right",
  labelArrow: "none",
  tickSize: 4,
  ticks: isWide ? 8 : 5,
  ...(axis.scale === "time" ? { type: "utc" as const } : { tickFormat: axis.format ?? numberTick }),
  ...(axis.domain === undefined ? {} : { domain: [...axis.domain] }),
})

/** Null without points. */
export const lineChart = (chart: LineChart): Html | null => {
  const { events = [], series, wide = false, x, y } = chart
  const values = series.flatMap(({ points }) => points.map(({ y }) => y))
  if (values.length === 0) return null
  const axis = verticalAxis(y, values)
  const placed = series.map(({ points }) =>
    points.filter(({ y }) => Number.isFinite(y)).map((point) => ({ ...point, y: axis.at(point.y) })),
  )
  const svg = draw(chart.alternative, {
    ...(wide ? wideChartSize : chartSize),
    marginLeft: 58,
    marginRight: series.some(({ mark }) => mark !== undefined) ? 30 : 16,
    marginBottom: 38,
    marginTop: 26,
    x: horizontalOptions(x, wide),
    y: axis.options,
    marks: [
      Plot.ruleX([...events], { x: "x", stroke: "var(--muted)", strokeDasharray: "2 3", title: "tooltip" }),
      ...placed.flatMap((points, i) => marksOf(series, i, points)),
      ...endMarks(series, placed),
    ],
  })
  const zeroNote =
    axis.floor === null
      ? null
      : html`<p class="plot-note">
          <small>Zero has no place on a logarithmic scale; it is drawn at the bottom edge.</small>
        </p>`
  return html`${legend(series)}${svg}${zeroNote}`
}
