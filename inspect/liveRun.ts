/**
 * The state of a run, observed from another process: (run directory, state before) -> state now.
 *
 * Everything is read from the files that the run writes. Speed comes from the times of evaluations in the log, and then from the
 * times at which metric rows appear: rows hold no times.
 */
import { Clock, Effect } from "effect"
import type { Metric } from "../schemas/Metric.ts"
import { totalIterations } from "../stages/train/intervals.ts"
import * as files from "../storage/files.ts"
import { metricsFile, readMetrics } from "../storage/metricsLog.ts"
import { readHeader, type RunHeader } from "../storage/runHeader.ts"
import { readFigures } from "./RunFigures.ts"
import { summarize } from "./summary.ts"
import { readTrainEvents } from "./trainEvents.ts"

/** A new run may have no attempt for this long. */
const startingMs = 60_000

export const isStarting = ({ attempts, createdAt }: RunHeader, nowMs: number): boolean =>
  attempts.length === 0 && nowMs - Date.parse(createdAt) < startingMs

/** Speed is measured over this many of the newest samples. */
export const maxSamples = 8

export interface Sample {
  readonly atMs: number
  readonly iteration: number
}

export interface LiveRun {
  readonly id: string
  readonly status: RunHeader["status"] | "starting"
  readonly reason: string | null
  /** Of the last attempt, if recorded. */
  readonly exitCode: number | null
  readonly iteration: number
  readonly total: number | null
  readonly imagesPerSecond: number | null
  readonly secondsLeft: number | null
  readonly trainingLoss: ReadonlyArray<number>
  readonly validation: ReadonlyArray<{ readonly iteration: number; readonly error: number }>
  readonly testError: number | null
  /** Input for the next observation. */
  readonly seen: {
    readonly modifiedMs: number
    readonly rows: ReadonlyArray<Metric>
    readonly samples: ReadonlyArray<Sample>
  }
}

/** Iterations per second over the samples; null with fewer than two. */
export const rateOf = (samples: ReadonlyArray<Sample>): number | null => {
  const [first, last] = [samples.at(-maxSamples) ?? samples[0], samples.at(-1)]
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return null
  return (last.iteration - first.iteration) / ((last.atMs - first.atMs) / 1000)
}

/** The budget in iterations. A budget in epochs is known once a metric row gives iterations and epochs. */
export const totalOf = (
  run: RunHeader,
  known: number | null,
  row: Pick<Metric, "iteration" | "epoch"> | undefined,
): number | null => {
  if (known !== null || row === undefined || row.epoch === 0) return known
  const { batchSize, budget } = run.experiment
  if (typeof batchSize !== "number" || typeof budget !== "object" || budget === null) return null
  const epochs: unknown = Reflect.get(budget, "epochs")
  if (typeof epochs !== "number") return null
  return totalIterations({ epochs }, Math.round((row.iteration * batchSize) / row.epoch), batchSize)
}

export const observe = Effect.fn("observe")(function* (path: string, before: LiveRun | undefined) {
  const run = yield* readHeader(path)
  const summary = yield* summarize(run)
  const metrics = yield* metricsFile(path)
  const modifiedMs = (yield* files.stat(metrics))?.modifiedMs ?? 0
  const changed = before === undefined || before.seen.modifiedMs !== modifiedMs
  const rows = changed ? yield* readMetrics(path) : before.seen.rows
  const last = rows.at(-1)
  const iteration = last?.iteration ?? summary.iteration

  let samples: ReadonlyArray<Sample> =
    before?.seen.samples ??
    (yield* readTrainEvents(path)).filter(
      ({ attempt, event }) => event === "evaluated" && attempt === run.attempts.length,
    )
  // A resume removes rows: the samples are those of an earlier attempt.
  if (samples.length > 0 && samples[samples.length - 1].iteration > iteration) samples = []
  if (changed && last !== undefined && samples.at(-1)?.iteration !== iteration) {
    samples = [...samples, { atMs: modifiedMs, iteration }].slice(-maxSamples)
  }

  const now = yield* Clock.currentTimeMillis
  const total = totalOf(run, summary.iterations, last)
  const { batchSize } = run.experiment
  const rate = run.status === "running" ? rateOf(samples) : null
  const recorded = run.status === "finished" ? (yield* readFigures(run)).imagesPerSecond : null
  return {
    id: run.id,
    status: isStarting(run, now) ? "starting" : run.status,
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
