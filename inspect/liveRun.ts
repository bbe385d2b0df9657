/**
 * How far a run is, seen from another process: (run directory, what was seen before) -> its state now.
 *
 * Everything is read from the files the run writes; the run knows nothing of it. Speed comes from the times at which
 * rows of metrics appeared: rows themselves hold no times.
 */
import { Clock, Effect, Path } from "effect"
import type { Metric } from "../schemas/Metric.ts"
import { totalIterations } from "../stages/train/intervals.ts"
import * as files from "../storage/files.ts"
import { readMetrics } from "../storage/metricsLog.ts"
import { layout } from "../storage/runDirectory.ts"
import { readHeader, type RunHeader } from "../storage/runHeader.ts"
import { readFigures } from "./RunFigures.ts"
import { summarize } from "./summary.ts"
import { readTrainEvents } from "./trainEvents.ts"

/** A run that was just made has no attempt yet for this long at most. */
const startingMs = 60_000
/** Speed is that of the newest few measurements. */
const samplesKept = 8

interface Sample {
  readonly atMs: number
  readonly iteration: number
}

export interface LiveRun {
  readonly id: string
  readonly status: RunHeader["status"] | "starting"
  readonly reason: string | null
  /** Of the last attempt's command, where it was recorded. */
  readonly exitCode: number | null
  readonly iteration: number
  readonly total: number | null
  readonly imagesPerSecond: number | null
  readonly secondsLeft: number | null
  readonly trainingLoss: ReadonlyArray<number>
  readonly validation: ReadonlyArray<{ readonly iteration: number; readonly error: number }>
  readonly testError: number | null
  /** For the next look. */
  readonly seen: {
    readonly modifiedMs: number
    readonly rows: ReadonlyArray<Metric>
    readonly samples: ReadonlyArray<Sample>
  }
}

/** Iterations a second over the samples; null below two. */
const rateOf = (samples: ReadonlyArray<Sample>): number | null => {
  const [first, last] = [samples.at(-samplesKept) ?? samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return null
  return (last.iteration - first.iteration) / ((last.atMs - first.atMs) / 1000)
}

/** The budget in iterations: one in epochs is known once a row says how far an epoch goes. */
const totalOf = (run: RunHeader, known: number | null, row: Metric | undefined): number | null => {
  if (known !== null || row === undefined || row.epoch === 0) return known
  const { batchSize, budget } = run.experiment
  if (typeof batchSize !== "number" || typeof budget !== "object" || budget === null) return null
  const epochs: unknown = Reflect.get(budget, "epochs")
  if (typeof epochs !== "number") return null
  return totalIterations({ epochs }, Math.round((row.iteration * batchSize) / row.epoch), batchSize)
}

export const lookAt = Effect.fn("lookAt")(function* (path: string, before: LiveRun | undefined) {
  const paths = yield* Path.Path
  const run = yield* readHeader(path)
  const summary = yield* summarize(run)
  const metrics = paths.join(path, layout.metrics)
  const modifiedMs = (yield* files.stat(metrics))?.modifiedMs ?? 0
  const changed = before === undefined || before.seen.modifiedMs !== modifiedMs
  const rows = changed ? yield* readMetrics(metrics) : before.seen.rows
  const last = rows.at(-1)
  const iteration = last?.iteration ?? summary.iteration

  let samples: ReadonlyArray<Sample> =
    before?.seen.samples ??
    (yield* readTrainEvents(paths.join(path, layout.log))).filter(
      ({ attempt, event }) => event === "evaluated" && attempt === run.attempts.length,
    )
  // A resume takes rows back: what was seen before is another attempt's.
  if (samples.length > 0 && samples[samples.length - 1].iteration > iteration) samples = []
  if (changed && last !== undefined && samples.at(-1)?.iteration !== iteration) {
    samples = [...samples, { atMs: modifiedMs, iteration }].slice(-samplesKept)
  }

  const now = yield* Clock.currentTimeMillis
  const young = run.attempts.length === 0 && now - Date.parse(run.createdAt) < startingMs
  const total = totalOf(run, summary.iterations, last)
  const { batchSize } = run.experiment
  const rate = run.status === "running" ? rateOf(samples) : null
  const recorded = run.status === "finished" ? (yield* readFigures(run)).imagesPerSecond : null
  return {
    id: run.id,
    status: young ? "starting" : run.status,
    reason: summary.reason,
    exitCode: run.attempts.at(-1)?.outcome?.exitCode ?? null,
    iteration: Math.max(iteration, summary.iteration),
    total,
    imagesPerSecond: rate !== null && typeof batchSize === "number" ? rate * batchSize : recorded,
    secondsLeft:
      rate !== null && rate > 0 && total !== null && iteration < total ? (total - iteration) / rate : null,
    trainingLoss: rows.flatMap((row) => (row.split === "train" ? [row.loss] : [])),
    validation: rows.flatMap((row) =>
      row.split === "validation" ? [{ iteration: row.iteration, error: row.error }] : [],
    ),
    testError: summary.testError,
    seen: { modifiedMs, rows, samples },
  } satisfies LiveRun as LiveRun
})
