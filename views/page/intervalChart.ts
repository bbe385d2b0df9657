/** A chart of estimates with their intervals, one per line: (estimates, axis) -> Html. */
import { type Axis, numberTick, tickCount } from "./axis.ts"
import { chartSize, draw, Plot } from "./draw.ts"
import type { Html } from "./html.ts"
import { seriesColor } from "./style.ts"

export interface Estimate {
  readonly name: string
  readonly value: number
  readonly low: number | null
  readonly high: number | null
  /** Number of its colour; by default all have the first one. */
  readonly color?: number
  /** Drawn as a filled dot; others are hollow. */
  readonly filled: boolean
  readonly tooltip: string
}

export interface IntervalChart {
  readonly alternative: string
  readonly x: Axis
  /** From top to bottom; names are unique. */
  readonly estimates: ReadonlyArray<Estimate>
  /** Position of a vertical line, such as 0 for no difference. */
  readonly at?: number
}

/** Null without estimates. */
export const intervalChart = ({ alternative, at, estimates, x }: IntervalChart): Html | null => {
  if (estimates.length === 0) return null
  const names = estimates.map(({ name }) => name)
  const widest = Math.max(...names.map((name) => name.length))
  const colorOf = ({ color = 0 }: Estimate) => seriesColor(color)
  const shared = { y: "name", stroke: colorOf, title: "tooltip" }
  return draw(alternative, {
    width: chartSize.width,
    height: 62 + 24 * estimates.length,
    marginLeft: Math.min(140, 16 + 7 * widest),
    marginRight: 24,
    marginTop: 14,
    marginBottom: 38,
    x: {
      label: x.label,
      labelAnchor: "right",
      labelArrow: "none",
      grid: true,
      tickSize: 0,
      // Labels of a whole range must not run into each other.
      ticks: x.domain === undefined ? 5 : tickCount(...x.domain, 4),
      nice: true,
      tickFormat: x.format ?? numberTick,
      ...(x.domain === undefined ? {} : { domain: [...x.domain] }),
    },
    y: { domain: names, label: null, tickSize: 0 },
    marks: [
      ...(at === undefined ? [] : [Plot.ruleX([at], { stroke: "var(--muted)" })]),
      Plot.ruleY(
        estimates.filter(({ high, low }) => low !== null && high !== null),
        { x1: "low", x2: "high", strokeWidth: 2, ...shared },
      ),
      Plot.dot([...estimates], {
        x: "value",
        r: 4,
        strokeWidth: 2,
        fill: (estimate: Estimate) => (estimate.filled ? colorOf(estimate) : "var(--paper)"),
        ...shared,
      }),
    ],
  })
}
