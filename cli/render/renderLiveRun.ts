/** A run in progress as text: (LiveRun, columns) -> lines with its curves, or one plain line. */
import { duration } from "../../format/duration.ts"
import type { LiveRun } from "../../inspect/liveRun.ts"
import { sparkline } from "./plot.ts"
import { count, percent, threeDigits } from "../../format/numbers.ts"

const progress = (run: LiveRun) => [
  `iteration ${count(run.iteration)}/${run.total === null ? "?" : count(run.total)}`,
  ...(run.imagesPerSecond === null ? [] : [`${count(Math.round(run.imagesPerSecond))} images/s`]),
  ...(run.secondsLeft === null ? [] : [`${duration(run.secondsLeft)} left`]),
]

const lowest = ({ validation }: LiveRun) => validation.toSorted((a, b) => a.error - b.error)[0]

/** One line per curve, cut to the width of the terminal. */
export const renderCurves = (run: LiveRun, columns: number): ReadonlyArray<string> => {
  const room = Math.max(8, Math.min(60, columns - 52))
  const loss = run.trainingLoss.at(-1)
  const error = run.validation.at(-1)?.error
  const best = lowest(run)
  return [
    ...(loss === undefined
      ? []
      : [`training loss     ${sparkline(run.trainingLoss, room)}  ${threeDigits(loss)}`]),
    ...(error === undefined
      ? []
      : [
          `validation error  ${sparkline(
            run.validation.map(({ error }) => error),
            room,
          )}  ${percent(error)}${best === undefined ? "" : ` (lowest ${percent(best.error)} at ${count(best.iteration)})`}`,
        ]),
    ...(run.testError === null || run.status === "running"
      ? []
      : [`test error        ${percent(run.testError)}`]),
  ]
}

/** The lines that a terminal redraws. */
export const renderLive = (run: LiveRun, columns: number): ReadonlyArray<string> =>
  [`${run.id}  ${run.status}`, progress(run).join(" · "), ...renderCurves(run, columns)].map((line) =>
    line.slice(0, columns - 1),
  )

/** One line for a pipe. */
export const renderLine = (run: LiveRun): string => {
  const loss = run.trainingLoss.at(-1)
  const error = run.validation.at(-1)
  const [iteration, ...rest] = progress(run)
  return [
    run.status,
    iteration,
    ...(loss === undefined ? [] : [`training loss ${threeDigits(loss)}`]),
    ...(error === undefined ? [] : [`validation error ${percent(error.error)}`]),
    ...rest,
  ].join(" · ")
}
