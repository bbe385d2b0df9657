/** The validation curves of the trials, each up to its barrier: (runs folder, definition, progress) -> Html. */
import { Effect, Path } from "effect"
import { objectiveOf } from "../../operations/sweep/barriers.ts"
import { objectiveName } from "../../operations/sweep/describe.ts"
import type { SweepProgress, TrialProgress } from "../../operations/sweep/progress.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { readMetrics } from "../../storage/metricsLog.ts"
import { numberTick, tickCount, verticalAxis } from "../page/axis.ts"
import { draw, Plot, wideChart } from "../page/draw.ts"
import { figure, scrolling } from "../page/figures.ts"
import { type Html, html } from "../page/html.ts"
import { seriesColor } from "../page/style.ts"
import {
  barrierName,
  type DrawnTrial,
  describeTrial,
  objectiveAxis,
  trialDots,
  trialLegend,
} from "./marks.ts"

/** More lines than this cannot be told apart, and reading their metrics takes long. */
const mostCurves = 200
/** Points of a curve: more would not be visible. */
const mostPoints = 60

interface Curve {
  readonly trial: TrialProgress
  readonly points: ReadonlyArray<{ readonly x: number; readonly y: number }>
}

const spaced = <A>(rows: ReadonlyArray<A>): ReadonlyArray<A> => {
  const every = Math.ceil(rows.length / mostPoints)
  return rows.filter((_, i) => (i + 1) % every === 0 || i === rows.length - 1)
}

/** Of the first seed, up to the iteration that counted: a trial that was trained again later has more. */
const readCurve = Effect.fnUntraced(function* (
  runsDir: string,
  definition: SweepDefinition,
  trial: TrialProgress,
) {
  const [first] = trial.seeds
  if (first === undefined || first.run === null) return { trial, points: [] } satisfies Curve as Curve
  const path = (yield* Path.Path).join(runsDir, first.run)
  const rows = yield* readMetrics(path).pipe(Effect.orElseSucceed(() => []))
  const points = rows.flatMap((row) =>
    row.split === "validation" && (row.iteration <= first.iteration || trial.status === "failed")
      ? [{ x: row.iteration, y: objectiveOf(definition.objective, row) }]
      : [],
  )
  return { trial, points: spaced(points) } satisfies Curve as Curve
})

export const curvesFigure = Effect.fn("curvesFigure")(function* (
  runsDir: string,
  definition: SweepDefinition,
  { barriers, trials }: SweepProgress,
) {
  const read = yield* Effect.forEach(trials.slice(0, mostCurves), (trial) =>
    readCurve(runsDir, definition, trial),
  )
  const curves = read.filter(({ points }) => points.length > 0)
  const points = curves.flatMap(({ points }) => points)
  if (points.length < 2 || curves.every(({ points }) => points.length < 2)) return null
  const axis = verticalAxis(
    objectiveAxis(definition),
    points.map(({ y }) => y),
  )
  const last = Math.max(...points.map(({ x }) => x))
  const place = (curve: Curve) => curve.points.map(({ x, y }) => ({ x, y: axis.at(y) }))
  const isFinished = ({ trial }: Curve) => trial.status === "finished"
  const ends = curves.flatMap((curve): ReadonlyArray<DrawnTrial> => {
    const end = place(curve).at(-1)
    const { trial } = curve
    return end === undefined
      ? []
      : [{ ...end, status: trial.status, tooltip: describeTrial(definition, barriers, trial) }]
  })
  const chart = draw(
    `${objectiveName(definition)} of ${curves.length} trials by iteration, each up to where it ended`,
    {
      ...wideChart,
      x: {
        label: "iteration",
        labelAnchor: "right",
        labelArrow: "none",
        tickSize: 4,
        domain: [0, last],
        ticks: tickCount(0, last, 8),
        tickFormat: numberTick,
      },
      y: axis.options,
      marks: [
        Plot.ruleX(
          barriers.filter((barrier) => barrier !== null),
          { stroke: "var(--muted)", strokeDasharray: "2 3" },
        ),
        ...curves.map((curve) =>
          Plot.line(place(curve), {
            x: "x",
            y: "y",
            stroke: isFinished(curve) ? seriesColor(0) : "var(--muted)",
            strokeWidth: isFinished(curve) ? 1.8 : 1,
            strokeOpacity: isFinished(curve) ? 1 : 0.45,
          }),
        ),
        ...trialDots(ends),
      ],
    },
  )
  const note = axis.note === null ? null : html`<p class="plot-note"><small>${axis.note}</small></p>`
  const dotted = barriers.flatMap((barrier) => (barrier === null ? [] : [barrierName(barrier)]))
  const only = trials.length > mostCurves ? ` The first ${mostCurves} of ${trials.length} trials.` : ""
  return figure({
    title: "Learning curves",
    caption: `${definition.seeds > 1 ? "Of the first seed of each trial. " : ""}Each curve ends where its trial did.${dotted.length === 0 ? "" : ` Dotted lines are the barriers, ${dotted.join(" and ")}.`}${only}`,
    picture: html`${trialLegend(trials)} ${scrolling("Learning curves", chart)} ${note}`,
    wide: true,
  }) satisfies Html as Html
})
