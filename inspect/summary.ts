/**
 * The summary of a run, as `list`, `show` and `--json` print it: (run) -> RunSummary.
 */
import { Clock, Effect, Option, Path, Schema } from "effect"
import { iterationOf } from "../stages/train/checkpoint.ts"
import { listNow, readStringNow } from "../storage/filesNow.ts"
import { findFromEnd } from "../storage/linesFromEnd.ts"
import { layout, type Run } from "../storage/runDirectory.ts"
import { metricsFile } from "../storage/metricsLog.ts"
import { validated } from "./validated.ts"
import { warnUnreadable } from "../storage/report.ts"
import { headerOf, type RunHeader } from "../storage/runHeader.ts"

/** The fields of a report that a summary needs. */
const ReportGlance = Schema.Struct({
  iterations: Schema.Int,
  budget: Schema.Int,
  checkpoint: Schema.optionalKey(Schema.String),
  validation: Schema.Array(Schema.Struct({ iteration: Schema.Int, error: Schema.Finite })),
  test: Schema.Struct({ error: Schema.Struct({ value: Schema.Finite }) }),
})
const decodeGlance = Schema.decodeUnknownEffect(Schema.fromJsonString(ReportGlance))
const MetricGlance = Schema.Struct({
  split: Schema.Literals(["train", "validation"]),
  iteration: Schema.Int,
  error: Schema.Finite,
})
const decodeMetric = Schema.decodeUnknownOption(Schema.fromJsonString(MetricGlance))

/** The iteration of the newest checkpoint, 0 without one. */
export const newestIteration = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const names = yield* listNow(paths.join(path, layout.checkpoints)).pipe(Effect.orElseSucceed(() => []))
  return Math.max(0, ...names.map((file) => iterationOf(file) ?? 0))
})

/**
 * How far a run has come without a report: its newest row of metrics, and its newest validation error. Only the last rows
 * and the newest evaluation are decoded.
 */
const readProgress = Effect.fnUntraced(function* (path: string) {
  // A killed process may leave a torn last line, so the newest row that can be read counts.
  let iteration = 0
  const validationError = yield* findFromEnd(path, (line) => {
    if (iteration > 0 && !line.includes('"validation"')) return undefined
    const row = Option.getOrUndefined(decodeMetric(line))
    iteration = Math.max(iteration, row?.iteration ?? 0)
    return row?.split === "validation" ? row.error : undefined
  }).pipe(Effect.orElseSucceed(() => undefined))
  return { iteration, validationError: validationError ?? null }
})

/** Seconds of the attempts that have ended with a record, together; null if there is none. */
export const recordedSeconds = ({ attempts }: Pick<RunHeader, "attempts">): number | null => {
  const seconds = attempts.flatMap(({ outcome, startedAt }) => {
    const tookMs = Date.parse(outcome?.endedAt ?? "") - Date.parse(startedAt)
    return Number.isFinite(tookMs) ? [Math.max(0, tookMs) / 1000] : []
  })
  return seconds.length === 0 ? null : seconds.reduce((a, b) => a + b, 0)
}

/** The same, with the attempt that is running up to `nowMs`. The end of a killed attempt is not known, so it does not count. */
const secondsOf = (run: RunHeader, nowMs: number): number | null => {
  const recorded = recordedSeconds(run)
  const runningMs =
    run.status === "running" ? nowMs - Date.parse(run.attempts.at(-1)?.startedAt ?? "") : Number.NaN
  return Number.isFinite(runningMs) ? (recorded ?? 0) + Math.max(0, runningMs) / 1000 : recorded
}

/** The name of the dataset in a stored experiment, as far as it can be read. */
export const datasetOf = ({ experiment: { dataset } }: RunHeader): string | null => {
  if (typeof dataset === "string") return dataset
  if (typeof dataset !== "object" || dataset === null || !("name" in dataset)) return null
  return typeof dataset.name === "string" ? dataset.name : null
}

/** The budget in iterations; null for a budget in epochs. */
export const budgetOf = ({ experiment }: RunHeader): number | null => {
  const { budget } = experiment
  if (typeof budget !== "object" || budget === null || !("iterations" in budget)) return null
  return typeof budget.iterations === "number" ? budget.iterations : null
}

/** How far the training of a run that is not finished has come. */
export const readReached = Effect.fnUntraced(function* (path: string) {
  const checkpoint = yield* newestIteration(path)
  const metrics = yield* metricsFile(path).pipe(Effect.orElseSucceed(() => path))
  const soFar = yield* readProgress(metrics)
  return { checkpoint, iteration: Math.max(checkpoint, soFar?.iteration ?? 0), soFar }
})

export type RunSummary = Effect.Success<ReturnType<typeof summarize>>

export const summarize = Effect.fnUntraced(function* (run: RunHeader) {
  const paths = yield* Path.Path
  const text = yield* readStringNow(paths.join(run.path, layout.report)).pipe(
    Effect.orElseSucceed(() => undefined),
  )
  const report =
    text === undefined
      ? undefined
      : yield* decodeGlance(text).pipe(Effect.catch(() => warnUnreadable(run.path)))
  const isDone = run.status === "finished" && report !== undefined
  const { checkpoint, iteration, soFar } = isDone
    ? { checkpoint: report.iterations, iteration: report.iterations, soFar: undefined }
    : yield* readReached(run.path)
  const { seed } = run.experiment
  return {
    id: run.id,
    experiment: run.name,
    dataset: datasetOf(run),
    seed: typeof seed === "number" ? seed : null,
    status: run.status,
    createdAt: run.createdAt,
    /** The iteration reached: of the newest row of metrics or the newest checkpoint, or of the finished run. */
    iteration,
    /** The iteration of the newest checkpoint, from which the run is resumed. */
    checkpoint,
    /** The budget; null if it is in epochs and not known yet. */
    iterations: budgetOf(run) ?? report?.budget ?? null,
    engine: run.engine,
    attempts: run.attempts.length,
    durationSeconds: secondsOf(run, yield* Clock.currentTimeMillis),
    /** Of the tested model, else of the newest evaluation. */
    validationError:
      report === undefined
        ? (soFar?.validationError ?? null)
        : (validated(report.validation, report)?.error ?? null),
    testError: report?.test.error.value ?? null,
    testAccuracy: report === undefined ? null : 1 - report.test.error.value,
    path: run.path,
    reason: run.status === "running" ? null : (run.attempts.at(-1)?.outcome?.reason ?? null),
  }
})

/** The summary of a run that has been read in full. */
export const describeRun = (run: Run) => summarize(headerOf(run))
