/**
 * Parallel coordinates: (definition, progress) -> Html. Each trial is a line over an axis for each parameter, on its own
 * scale, and then over one for each barrier. The line of a pruned trial ends at its barrier.
 */
import { percentTick } from "../../format/numbers.ts"
import {
  naturalValue,
  objectiveName,
  shortObjectiveName,
  showObjective,
} from "../../operations/sweep/describe.ts"
import type { SweepProgress, TrialProgress } from "../../operations/sweep/progress.ts"
import { type Place, placesOf, showDrawn, showId, toUnit } from "../../operations/sweep/space.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { logarithmicTicks, numberTick } from "../page/axis.ts"
import { draw, Plot, wideChartSize } from "../page/draw.ts"
import { figure, scrolling } from "../page/figures.ts"
import { type Html, html } from "../page/html.ts"
import { legend } from "../page/lineChart.ts"
import { seriesColor } from "../page/style.ts"
import { barrierName } from "./marks.ts"

interface Tick {
  /** 0 at the bottom, 1 at the top. */
  readonly at: number
  readonly text: string
}

interface Coordinate {
  /** In two lines. */
  readonly title: string
  readonly ticks: ReadonlyArray<Tick>
  /** Undefined where the trial has no value. */
  readonly at: (trial: TrialProgress) => number | undefined
}

/** More axes than this could not be told apart. */
const mostParameters = 8
const highlighted = 5
const maxLabel = 14

const shortened = (text: string) => (text.length > maxLabel ? `${text.slice(0, maxLabel - 1)}…` : text)

/** The last two words of a path, one a line. */
const titleOf = (id: string) => showId(id).split(".").slice(-2).map(shortened).join("\n")

/** Both limits, and round numbers that keep their distance from them. */
const rangeTicks = (low: number, high: number, isLogarithmic: boolean, format: (value: number) => string) => {
  const at = (value: number) =>
    isLogarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)
  const inner = isLogarithmic
    ? logarithmicTicks(low, high)
    : [0.25, 0.5, 0.75].map((share) => low + share * (high - low))
  const ticks = [low, high, ...inner].map((value) => ({ at: at(value), text: format(value) }))
  const kept: Array<Tick> = []
  for (const tick of ticks) {
    if (kept.every((other) => Math.abs(other.at - tick.at) > 0.12)) kept.push(tick)
  }
  return kept
}

const parameterCoordinate = ({ id, parameter }: Place): Coordinate => {
  const at = ({ parameters }: TrialProgress) => {
    const value = parameters[id]
    return value === undefined ? undefined : toUnit(parameter, value)
  }
  const title = titleOf(id)
  if (parameter.parameter === "choice") {
    const ticks = parameter.options.map((_, option) => ({
      at: toUnit(parameter, option),
      text: shortened(showDrawn({ id, parameter, within: undefined }, { [id]: option })),
    }))
    return { title, ticks, at }
  }
  const { high, low } = parameter
  if (parameter.parameter === "integer") {
    const ticks = [low, high].map((value) => ({ at: toUnit(parameter, value), text: numberTick(value) }))
    return { title, ticks, at }
  }
  const isLogarithmic = parameter.parameter === "logUniform"
  return {
    title: isLogarithmic ? `${title} (log)` : title,
    ticks: rangeTicks(low, high, isLogarithmic, numberTick),
    at,
  }
}

const barrierCoordinate = (
  definition: SweepDefinition,
  { barriers, trials }: SweepProgress,
  rung: number,
): ReadonlyArray<Coordinate> => {
  const values = trials.flatMap(({ values }) => values[rung] ?? [])
  if (values.length === 0) return []
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const isLogarithmic = low > 0 && high > 4 * low
  const format = definition.objective === "validationError" ? percentTick : numberTick
  const short = (value: number) => format(Number(naturalValue(definition, value).toPrecision(2)))
  const at = ({ values }: TrialProgress) => {
    const value = values[rung]
    if (value === null || value === undefined) return undefined
    if (high === low) return 0.5
    return isLogarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)
  }
  const name = shortObjectiveName(definition)
  const where = barrierName(barriers[rung])
  const title = `${name}${isLogarithmic ? " (log)" : ""}\nat ${where}`
  const ticks = high === low ? [{ at: 0.5, text: short(low) }] : rangeTicks(low, high, isLogarithmic, short)
  return [{ title, ticks, at }]
}

interface Line {
  readonly trial: TrialProgress
  readonly points: ReadonlyArray<{ readonly x: number; readonly y: number }>
}

const lineOf = (coordinates: ReadonlyArray<Coordinate>, trial: TrialProgress): Line => ({
  trial,
  points: coordinates.flatMap(({ at }, x) => {
    const y = at(trial)
    return y === undefined ? [] : [{ x, y }]
  }),
})

const lineMark = (
  { points }: Line,
  options: { readonly stroke: string; readonly strokeWidth: number; readonly strokeOpacity?: number },
) => Plot.line([...points], { x: "x", y: "y", ...options })

/** Numbers of the highlighted trials at the right end, moved apart where they would overlap. */
const endLabels = (lines: ReadonlyArray<Line>) => {
  const ends = lines
    .map(({ points, trial }, color) => ({ ...points[points.length - 1], color, text: String(trial.trial) }))
    .sort((a, b) => a.y - b.y)
  let below = Number.NEGATIVE_INFINITY
  return ends.map((end) => {
    below = Math.max(end.y, below + 0.05)
    return Plot.text([{ ...end, y: below }], {
      x: "x",
      y: "y",
      text: "text",
      dx: 9,
      textAnchor: "start",
      fontWeight: 600,
      fill: seriesColor(end.color),
    })
  })
}

const axisMarks = (coordinates: ReadonlyArray<Coordinate>) => [
  Plot.ruleX(coordinates.keys(), { stroke: "var(--line)", strokeWidth: 1.4, y1: 0, y2: 1 }),
]

/** Over the lines, with a halo, so that they can be read. */
const axisTexts = (coordinates: ReadonlyArray<Coordinate>) => [
  Plot.text(
    coordinates.flatMap(({ ticks }, x) => ticks.map((tick) => ({ x, y: tick.at, text: tick.text }))),
    {
      x: "x",
      y: "y",
      text: "text",
      dx: -5,
      textAnchor: "end",
      fill: "var(--muted)",
      stroke: "var(--paper)",
      strokeWidth: 5,
    },
  ),
  Plot.text(
    coordinates.map(({ title }, x) => ({ x, y: 1, title })),
    { x: "x", y: "y", text: "title", dy: -14, lineAnchor: "bottom", lineHeight: 1.2, fill: "var(--ink)" },
  ),
]

export const parallelFigure = (
  definition: SweepDefinition,
  progress: SweepProgress,
  /** The most important parameter first. */
  places: ReadonlyArray<Place>,
): Html | null => {
  const { barriers, ranking, trials } = progress
  const shown = places.slice(0, mostParameters)
  const coordinates = [
    ...shown.map(parameterCoordinate),
    ...barriers.flatMap((_, rung) => barrierCoordinate(definition, progress, rung)),
  ]
  if (trials.length < 2 || coordinates.length < 2) return null
  const best = ranking.slice(0, highlighted).map(({ trial }) => trial)
  const lines = trials.map((trial) => lineOf(coordinates, trial)).filter(({ points }) => points.length > 1)
  const [top, others] = [
    best.flatMap((number) => lines.find(({ trial }) => trial.trial === number) ?? []),
    lines.filter(({ trial }) => !best.includes(trial.trial)),
  ]
  const all = placesOf(definition.space).length
  const alternative = `Parallel coordinates of ${trials.length} trials over ${shown.map(({ id }) => showId(id)).join(", ")} and the ${objectiveName(definition)}; highlighted: trials ${best.join(", ")}`
  const chart = draw(alternative, {
    ...wideChartSize,
    height: 360,
    marginLeft: 76,
    marginRight: 48,
    marginTop: 52,
    marginBottom: 14,
    x: { axis: null, domain: [0, coordinates.length - 1] },
    y: { axis: null, domain: [0, 1] },
    marks: [
      ...axisMarks(coordinates),
      ...others.map((line) =>
        lineMark(line, {
          stroke: "var(--muted)",
          strokeWidth: 1,
          strokeOpacity: trials.length > 100 ? 0.2 : 0.38,
        }),
      ),
      ...others.map(({ points, trial }) =>
        trial.status === "failed"
          ? Plot.dot([points[points.length - 1]], {
              x: "x",
              y: "y",
              symbol: "times",
              r: 3.6,
              stroke: seriesColor(1),
              strokeWidth: 2,
            })
          : null,
      ),
      ...top.toReversed().map((line) =>
        lineMark(line, {
          stroke: seriesColor(top.indexOf(line)),
          strokeWidth: top.indexOf(line) === 0 ? 3 : 2,
        }),
      ),
      ...axisTexts(coordinates),
      ...endLabels(top),
    ],
  })
  const names = top.map(({ trial }, color) => {
    const value = trial.values[barriers.length - 1]
    return {
      name: `trial ${trial.trial}: ${value === null || value === undefined ? "–" : showObjective(definition, value)}`,
      color,
      points: [],
    }
  })
  const more = all > shown.length ? ` Of ${all} parameters, the ${shown.length} most important ones.` : ""
  const failed = trials.some(({ status }) => status === "failed")
    ? " A cross ends the line of a trial that failed."
    : ""
  return figure({
    title: "Parallel coordinates",
    caption: `A line is a trial; low ends of the last ${barriers.length > 1 ? "axes are" : "axis is"} better.${barriers.length > 1 ? " The line of a pruned trial ends at its barrier." : ""}${failed}${best.length === 0 ? "" : ` Coloured: the best ${best.length} at the end.`}${more}`,
    picture: html`${names.length === 0 ? null : solidLegend(names)}
    ${scrolling("Parallel coordinates", chart)}`,
    wide: true,
  })
}

/** All lines of this chart are solid: numbers at their ends tell them apart. */
const solidLegend = (series: Parameters<typeof legend>[0]) =>
  legend(series.map((one) => ({ ...one, dots: true })))
