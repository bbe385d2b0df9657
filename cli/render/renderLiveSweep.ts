/** A sweep in progress as text: (LiveSweep, columns) -> lines that a terminal redraws, or one plain line. */
import { duration } from "../../format/duration.ts"
import { count } from "../../format/numbers.ts"
import { naturalValue, objectiveName, showObjective } from "../../operations/sweep/describe.ts"
import type { LiveSweep, LiveTraining } from "../../operations/sweep/liveSweep.ts"
import { sparkline } from "./plot.ts"

const countsOf = ({ counts, planned }: LiveSweep) => {
  const { failed, finished, open, pruned } = counts
  const drawn = failed + finished + open + pruned
  return [
    `${count(drawn)} of ${count(planned)} drawn`,
    `${count(finished)} finished`,
    `${count(pruned)} pruned`,
    `${count(failed)} failed`,
  ].join(" · ")
}

const describeTraining = ({ iteration, secondsLeft, seed, total, trial }: LiveTraining) =>
  [
    `${trial === "base" ? "the base" : `trial ${trial}`}, seed ${seed}`,
    `iteration ${count(iteration)}/${total === null ? "?" : count(total)}`,
    ...(secondsLeft === null ? [] : [`${duration(secondsLeft)} to the end of its budget`]),
  ].join(" · ")

/** Nothing after the last step. */
const stepOf = ({ phase, status, trainings }: LiveSweep) =>
  status === "finished"
    ? []
    : [
        phase,
        ...(trainings.of === 0 ? [] : [`${count(trainings.done)} of ${count(trainings.of)} trainings done`]),
      ]

const bestOf = (sweep: LiveSweep) =>
  sweep.best === null
    ? []
    : [`best: trial ${sweep.best.trial}, ${objectiveName(sweep)} ${showObjective(sweep, sweep.best.value)}`]

export const renderLiveSweep = (sweep: LiveSweep, columns: number): ReadonlyArray<string> => {
  const room = Math.max(8, Math.min(60, columns - 32))
  return [
    `sweep:${sweep.name}  ${sweep.status}`,
    ...(sweep.status === "finished" ? [] : [stepOf(sweep).join(" · ")]),
    `trials: ${countsOf(sweep)}`,
    ...(sweep.values.length === 0
      ? []
      : [
          `${objectiveName(sweep)} by trial: ${sparkline(
            sweep.values.slice(-room).map((value) => naturalValue(sweep, value)),
            room,
          )}`,
        ]),
    ...bestOf(sweep),
    ...sweep.training.map((training) => `training ${describeTraining(training)}`),
  ].map((line) => line.slice(0, columns - 1))
}

/** One line for a pipe. */
export const renderSweepLine = (sweep: LiveSweep): string =>
  [
    sweep.status,
    ...stepOf(sweep),
    countsOf(sweep),
    ...bestOf(sweep),
    ...sweep.training.slice(0, 1).map(describeTraining),
  ].join(" · ")
