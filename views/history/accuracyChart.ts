/**
 * The accuracy of an experiment over time: (history, scheduled runs to show) -> a chart with the champion and every
 * model.
 */
import { describeScheduledRun, formatScheduledTime } from "../../operations/schedule/describe.ts"
import type { ExperimentHistory } from "../../operations/schedule/History.ts"
import { isJudged, type ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { lineChart, type Point } from "../page/lineChart.ts"
import { figure, scrolling } from "../page/figures.ts"
import type { Html } from "../page/html.ts"
import { percent, percentTick } from "../../format/numbers.ts"

/** Horizontal during a champion period, vertical where the next one begins. */
const championLine = (
  { championPeriods }: ExperimentHistory,
  from: number,
  until: number,
): ReadonlyArray<Point> => {
  const known = championPeriods.flatMap(({ accuracy, run, since, why }) =>
    accuracy === null || since === null ? [] : [{ at: Date.parse(since), accuracy, run, why }],
  )
  return known.flatMap(({ accuracy, at, run, why }, i) => {
    const end = known[i + 1]?.at ?? Math.max(until, at)
    if (end < from) return []
    const tooltip = `${run}: ${percent(accuracy)}; ${why}`
    return [
      { x: new Date(Math.max(at, from)), y: accuracy, tooltip },
      { x: new Date(end), y: accuracy, tooltip },
    ]
  })
}

/** A model's accuracy is known when its run ends. A run that never started has only its scheduled time. */
const markOf = (run: ScheduledRun) => ({
  x: new Date(run.startedAt === null ? run.scheduledAt : run.endedAt),
  tooltip: `${formatScheduledTime(run)}: ${describeScheduledRun(run)}`,
})

const pointsOf = (runs: ReadonlyArray<ScheduledRun>, outcome: ScheduledRun["outcome"]) =>
  runs.flatMap((run): ReadonlyArray<Point> =>
    run.outcome !== outcome || run.accuracy === null ? [] : [{ ...markOf(run), y: run.accuracy }],
  )

export const accuracyChart = (
  history: ExperimentHistory,
  scheduledRuns: ReadonlyArray<ScheduledRun>,
): Html | null => {
  const [first, last] = [scheduledRuns.at(0), scheduledRuns.at(-1)]
  if (first === undefined || last === undefined) return null
  const withoutModel = scheduledRuns.filter((run) => !isJudged(run))
  const trained = scheduledRuns.length - withoutModel.length
  const period = [Date.parse(first.scheduledAt), Date.parse(last.endedAt)] as const
  const picture = lineChart({
    alternative: `Test accuracy of the scheduled runs of ${history.experiment}: ${trained} trained, ${withoutModel.length} not.`,
    x: { label: "time of the result (UTC)", scale: "time" },
    y: { label: "test accuracy", format: percentTick },
    series: [
      { name: "champion", points: championLine(history, ...period) },
      { name: "new champion", points: pointsOf(scheduledRuns, "champion"), scattered: true },
      { name: "challenger", points: pointsOf(scheduledRuns, "challenger"), scattered: true, hollow: true },
    ],
    events: withoutModel.map(markOf),
    wide: true,
  })
  if (picture === null) return null
  return figure({
    title: "Accuracy over time",
    caption:
      "Each model on the test examples of its own run, at the time its result was known. Dotted lines are scheduled runs without a model: failed, stopped, skipped or missed. The table of scheduled runs has the numbers.",
    // It scrolls on a phone: shrunk, it would be illegible.
    picture: scrolling("Accuracy over time", picture),
    wide: true,
  })
}
