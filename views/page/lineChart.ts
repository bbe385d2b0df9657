/**
 * Line charts of a page: (series, axes) -> Html with an SVG and its legend.
 */
import { type Axis, numberTick, tickCount, timeTick, verticalAxis } from "./axis.ts"
import { chartSize, draw, Plot, wideChartSize } from "./draw.ts"
import { Html, html } from "./html.ts"
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
  /** Its dots are rings: told apart from others without colours. */
  readonly hollow?: boolean
  /** A letter at the end of the line, for charts with too many lines to tell apart by colour. */
  readonly mark?: string
  /** Its colour, if several charts draw the same things; by default, its position in the chart. */
  readonly color?: number
}

/** A point with its value next to it. */
export interface LabelledPoint {
  readonly x: number
  readonly y: number
  readonly text: string
}

export interface LineChart {
  readonly alternative: string
  readonly x: Axis
  readonly y: Axis
  readonly series: ReadonlyArray<Series>
  /** Vertical lines with a tooltip. */
  readonly events?: ReadonlyArray<{ readonly x: number | Date; readonly tooltip: string }>
  readonly labels?: ReadonlyArray<LabelledPoint>
  /** Shown above the chart if there are several series; `false` if one legend serves several charts. */
  readonly legend?: boolean
  readonly wide?: boolean
}

const colorOf = (series: ReadonlyArray<Series>, i: number) => seriesColor(series[i].color ?? i)

const dashes = ["none", "5 3", "1.5 2.5", "8 3 2 3"]
/** A few lines without dots also differ in their dashes; with many lines the dashes change after eight colours. */
const dashOf = (series: ReadonlyArray<Series>, i: number) => {
  const position = series[i].color ?? i
  const few = series.length <= dashes.length && series[i].dots !== true
  return dashes[(few ? position : Math.floor(position / seriesColorCount)) % dashes.length]
}

const dotColors = (series: ReadonlyArray<Series>, i: number) =>
  series[i].hollow === true
    ? { fill: "var(--paper)", stroke: colorOf(series, i), strokeWidth: 1.5 }
    : { fill: colorOf(series, i) }

const swatch = (series: ReadonlyArray<Series>, i: number) => {
  const { dots, scattered } = series[i]
  const { fill, stroke = "none" } = dotColors(series, i)
  const dot =
    dots === true || scattered === true
      ? `<circle cx="12" cy="5" r="3" fill="${fill}" stroke="${stroke}" stroke-width="1.5"/>`
      : ""
  const line = `<path d="M0,5H24" fill="none" stroke="${colorOf(series, i)}" stroke-width="2" stroke-dasharray="${dashOf(series, i)}"/>`
  return new Html(`<svg viewBox="0 0 24 10" aria-hidden="true">${scattered === true ? "" : line}${dot}</svg>`)
}

/** The names of all series with their lines. */
export const legend = (series: ReadonlyArray<Series>): Html =>
  html`<ul class="legend">
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
            fill: colorOf(series, i),
          }),
        ]
  })

/** The line of a series, its dots, or both. */
const marksOf = (series: ReadonlyArray<Series>, i: number, points: ReadonlyArray<Point>) => {
  const { dots = false, scattered = false } = series[i]
  const line = Plot.line(points, {
    x: "x",
    y: "y",
    stroke: colorOf(series, i),
    strokeWidth: 1.8,
    strokeDasharray: dashOf(series, i),
  })
  const hasTooltip = points.some(({ tooltip }) => tooltip !== undefined)
  const dotted = Plot.dot(points, {
    x: "x",
    y: "y",
    r: scattered ? 3 : 2.6,
    ...dotColors(series, i),
    ...(hasTooltip ? { title: "tooltip" } : {}),
  })
  return [...(scattered ? [] : [line]), ...(dots || scattered || points.length === 1 ? [dotted] : [])]
}

const horizontalOptions = (
  axis: Axis,
  isWide: boolean,
  [low, high]: readonly [number, number],
): Plot.ScaleOptions => ({
  label: axis.label,
  labelAnchor: "right",
  labelArrow: "none",
  tickSize: 4,
  ticks: tickCount(low, high, isWide ? 8 : 5),
  ...(axis.scale === "time"
    ? { type: "utc" as const, tickFormat: timeTick(low, high) }
    : { tickFormat: axis.format ?? numberTick }),
  ...(axis.domain === undefined ? {} : { domain: [...axis.domain] }),
})

/** Labels that stay inside the chart: on its left they begin at their point, on its right they end there. */
const labelMarks = (labels: ReadonlyArray<LabelledPoint>, [low, high]: readonly [number, number]) =>
  labels.flatMap((label) => {
    const position = high > low ? (label.x - low) / (high - low) : 0.5
    return [
      Plot.dot([label], { x: "x", y: "y", r: 3, fill: seriesColor(0) }),
      Plot.text([label], {
        x: "x",
        y: "y",
        text: "text",
        textAnchor: position < 0.3 ? "start" : position > 0.7 ? "end" : "middle",
        // To the right of the first point, where a rising curve leaves room.
        dx: position < 0.3 ? 12 : position > 0.7 ? -4 : 0,
        dy: position < 0.3 ? 4 : -10,
        fill: "var(--ink)",
      }),
    ]
  })

/** Null with fewer than two points: there is nothing to see. */
export const lineChart = (chart: LineChart): Html | null => {
  const { events = [], labels = [], series, wide = false, x, y } = chart
  const points = series.flatMap(({ points }) => points)
  if (points.length < 2) return null
  const values = points.map(({ y }) => y)
  const abscissas = points.map(({ x }) => Number(x))
  const range = [Math.min(...abscissas), Math.max(...abscissas)] as const
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
    x: horizontalOptions(x, wide, range),
    y: axis.options,
    marks: [
      Plot.ruleX([...events], { x: "x", stroke: "var(--muted)", strokeDasharray: "2 3", title: "tooltip" }),
      ...placed.flatMap((points, i) => marksOf(series, i, points)),
      ...endMarks(series, placed),
      ...labelMarks(
        labels.map((label) => ({ ...label, y: axis.at(label.y) })),
        range,
      ),
    ],
  })
  const note = axis.note === null ? null : html`<p class="plot-note"><small>${axis.note}</small></p>`
  const hasLegend = chart.legend ?? series.length > 1
  return html`${hasLegend ? legend(series) : null}${svg}${note}`
}
