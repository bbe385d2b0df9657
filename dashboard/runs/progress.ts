/**
 * How far a run in training is and how fast: (its rows as they come) -> iteration, speed, expected end.
 *
 * As `inspect/liveRun.ts`, but nothing is read twice. Rows hold no times: speed comes from the times of evaluations in the log,
 * and then from the times at which rows appear.
 */
import { Effect } from "effect"
import { type Sample, maxSamples, rateOf, totalOf } from "../../inspect/liveRun.ts"
import { budgetOf } from "../../inspect/summary.ts"
import { readTrainEvents } from "../../inspect/trainEvents.ts"
import type { RunHeader } from "../../storage/runHeader.ts"
import { decodeRow, metricsPath } from "./curves.ts"
import { openFollowedFile } from "./followedFile.ts"
import type { SentRow } from "../messages.ts"

export interface Progress {
  readonly iteration: number
  readonly iterations: number | null
  readonly imagesPerSecond: number | null
  readonly endsAtMs: number | null
  readonly validationError: number | null
}

export interface ProgressMeter {
  /** Reads the new rows at this time. */
  readonly measure: (run: RunHeader, nowMs: number) => Progress
}

/** Times of evaluations in the log of this attempt: the speed is known at once. */
const recordedSamples = (run: RunHeader) =>
  Effect.map(readTrainEvents(run.path), (events) =>
    events
      .filter(({ attempt, event }) => event === "evaluated" && attempt === run.attempts.length)
      .map(({ atMs, iteration }): Sample => ({ atMs, iteration })),
  )

/** Rows are not kept: there may be many runs in training. */
export const openProgressMeter = Effect.fnUntraced(function* (run: RunHeader) {
  let samples: ReadonlyArray<Sample> = (yield* recordedSamples(run)).slice(-maxSamples)
  const file = openFollowedFile()
  let last: SentRow | undefined
  let validationError: number | null = null
  /** True if there were new rows. */
  const readRows = (runPath: string) => {
    let isChanged = false
    for (const { lines, restarted } of file.readAll(metricsPath(runPath))) {
      isChanged = true
      if (restarted) [last, validationError] = [undefined, null]
      for (const { text } of lines) {
        const row = decodeRow(text)
        if (row === undefined) continue
        last = row
        const [split, , , error] = row
        if (split === 1 && error !== null) validationError = error
      }
    }
    return isChanged
  }
  const measure = (run: RunHeader, nowMs: number): Progress => {
    const isChanged = readRows(run.path)
    const iteration = last?.[1] ?? 0
    // A resume removes rows: the samples are those of an earlier attempt.
    if (samples.length > 0 && samples[samples.length - 1].iteration > iteration) samples = []
    if (isChanged && last !== undefined && samples.at(-1)?.iteration !== iteration) {
      samples = [...samples, { atMs: nowMs, iteration }].slice(-maxSamples)
    }
    const epoch = last?.[5] ?? null
    const iterations = totalOf(run, budgetOf(run), epoch === null ? undefined : { iteration, epoch })
    const { batchSize } = run.experiment
    const rate = run.status === "running" ? rateOf(samples) : null
    const isTraining = rate !== null && rate > 0 && iterations !== null && iteration < iterations
    return {
      iteration,
      iterations,
      imagesPerSecond: rate !== null && typeof batchSize === "number" ? rate * batchSize : null,
      // From the newest row, not from now: a run that stands still does not promise an end.
      endsAtMs: isTraining
        ? Math.round((samples.at(-1)?.atMs ?? nowMs) + (1000 * (iterations - iteration)) / rate)
        : null,
      validationError,
    }
  }
  return { measure } satisfies ProgressMeter as ProgressMeter
})
