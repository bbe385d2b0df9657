/**
 * Line charts of a page: (series, axes) -> Html with an SVG and its legend.
 */
import { chartSize, draw, Plot, wideChartSize } from "./draw.ts"
import { type Content, Html, html } from "./html.ts"
import { seriesColors } from "./style.ts"

export interface Point {
  readonly x: number | Date
  readonly y: number
  /** Tooltip. */
  readonly says?: string
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

export interface Axis {
  readonly label: string
  readonly format?: (value: number) => string
  /** `magnitude`: logarithmic where positive values span more than a factor of four. */
  readonly scale?: "linear" | "magnitude" | "time"
  /** The axis spans at least this range. */
  readonly domain?: readonly [number, number]
}

export interface LineChart {
  readonly alternative: string
  readonly x: Axis
  readonly y: Axis
  readonly series: ReadonlyArray<Series>
  /** Vertical lines with a tooltip. */
  readonly events?: ReadonlyArray<{ readonly x: number | Date; readonly says: string }>
  readonly wide?: boolean
}

const dashes = ["none", "5 3", "1.5 2.5", "8 3 2 3"]
export const colorOf = (series: number) => seriesColors[series % seriesColors.length]
/** A few lines without dots also differ in their dashes; with many lines the dashes change after eight colours. */
const dashOf = (series: ReadonlyArray<Series>, i: number) =>
  dashes[
    (series.length <= dashes.length && series[i].dots !== true ? i : Math.floor(i / seriesColors.length)) %
      dashes.length
  ]

/** Ticks of a logarithmic axis: powers of ten, with round numbers between them if there are few. */
const magnitudes = (low: number, high: number): ReadonlyArray<number> => {
  const decades = Math.log10(high / low)
  const steps = decades > 3.5 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5]
  const every = Math.max(1, Math.ceil(decades / 6))
  const ticks: Array<number> = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    if (power % every !== 0) continue
    for (const step of steps) {
      // Parsed from text, because 10 ** -3 is not exactly 1e-3.
      const tick = Number(`${step}e${power}`)
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick)
    }
  }
  return ticks
}

/** A number short enough for an axis label: 0.0001, 12,000. */
export const short = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.0001
    ? value.toExponential(0).replace("-", "−")
    : value.toLocaleString("en", { maximumSignificantDigits: 3 })

export const percent = (share: number): string =>
  `${(100 * share).toLocaleString("en", { maximumSignificantDigits: 3 })} %`

/** Options of the vertical axis, and the value at which a point is drawn. */
const vertical = (axis: Axis, values: ReadonlyArray<number>) => {
  const finite = [...values, ...(axis.domain ?? [])].filter(Number.isFinite)
  const positive = finite.filter((value) => value > 0)
  const [low, high] = [Math.min(...positive), Math.max(...positive)]
  const tickFormat = axis.format ?? short
  const shared = { label: axis.label, grid: true, tickFormat, tickSize: 0, labelArrow: "none" } as const
  const logarithmic =
    axis.scale === "magnitude" && positive.length > 0 && high > 4 * low && Math.min(...finite) >= 0
  if (!logarithmic) {
    const [lowest, highest] = [Math.min(...finite), Math.max(...finite)]
    // A constant value gets an axis that starts at 0, not an axis of zero length.
    const constant = lowest === highest && lowest > 0
    const domain = axis.domain === undefined && !constant ? {} : { domain: [constant ? 0 : lowest, highest] }
    return {
      options: { ...shared, ...domain, ticks: 5, nice: true },
      at: (value: number) => value,
      floor: null,
    }
  }
  // 0 has no logarithm: it is drawn at the bottom edge, below all other values.
  const floor = finite.some((value) => value === 0) ? low / 2 : null
  const domain = [floor ?? low, high]
  return {
    options: { ...shared, type: "log", domain, ticks: [...magnitudes(domain[0], high)] } as const,
    at: (value: number) => (value > 0 ? value : (floor ?? low)),
    floor,
  }
}

const swatch = (series: ReadonlyArray<Series>, i: number) => {
  const { dots, scattered } = series[i]
  const dot = dots === true || scattered === true ? `<circle cx="12" cy="5" r="3" fill="${colorOf(i)}"/>` : ""
  const line = `<path d="M0,5H24" fill="none" stroke="${colorOf(i)}" stroke-width="2" stroke-dasharray="${dashOf(series, i)}"/>`
  return new Html(`<svg viewBox="0 0 24 10" aria-hidden="true">${scattered === true ? "" : line}${dot}</svg>`)
}

export const legend = (series: ReadonlyArray<Series>): Content =>
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
            fill: colorOf(i),
          }),
        ]
  })

/** Null without points. */
export const lineChart = (chart: LineChart): Html | null => {
  const { events = [], series, x, y } = chart
  const points = series.flatMap(({ points }) => points)
  if (points.length === 0) return null
  const scale = vertical(
    y,
    points.map(({ y }) => y),
  )
  const placed = series.map(({ points }) =>
    points.filter(({ y }) => Number.isFinite(y)).map((point) => ({ ...point, y: scale.at(point.y) })),
  )
  const size = chart.wide === true ? wideChartSize : chartSize
  const svg = draw(chart.alternative, {
    ...size,
    marginLeft: 58,
    marginRight: series.some(({ mark }) => mark !== undefined) ? 30 : 16,
    marginBottom: 38,
    marginTop: 26,
    x: {
      label: x.label,
      labelAnchor: "right",
      labelArrow: "none",
      tickSize: 4,
      ticks: chart.wide === true ? 8 : 5,
      ...(x.scale === "time" ? { type: "utc" } : { tickFormat: x.format ?? short }),
      ...(x.domain === undefined ? {} : { domain: [...x.domain] }),
    },
    y: scale.options,
    marks: [
      Plot.ruleX([...events], { x: "x", stroke: "var(--muted)", strokeDasharray: "2 3", title: "says" }),
      ...placed.flatMap((points, i) => [
        ...(series[i].scattered === true
          ? []
          : [
              Plot.line(points, {
                x: "x",
                y: "y",
                stroke: colorOf(i),
                strokeWidth: 1.8,
                strokeDasharray: dashOf(series, i),
              }),
            ]),
        ...(series[i].dots === true || series[i].scattered === true || points.length === 1
          ? [
              Plot.dot(points, {
                x: "x",
                y: "y",
                r: 2.6,
                fill: colorOf(i),
                ...(points.some(({ says }) => says !== undefined) ? { title: "says" } : {}),
              }),
            ]
          : []),
      ]),
      ...endMarks(series, placed),
    ],
  })
  const zero =
    scale.floor === null
      ? null
      : html`<p class="plot-note">
          <small>Zero has no place on a logarithmic scale; it is drawn at the bottom edge.</small>
        </p>`
  return html`${legend(series)}${svg}${zero}`
}
