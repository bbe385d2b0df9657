/**
 * The figures of a run for a comparison: (header) -> figures as far as they can be read, and what is missing.
 *
 * Nothing here fails: any field of a report may be absent, for example in a run of an older format.
 */
import { Effect, Path, Schema } from "effect"
import type { Estimate } from "../stages/statistics/significance.ts"
import { wilsonInterval } from "../stages/statistics/proportions.ts"
import { readStringNow } from "../storage/filesNow.ts"
import { readMetrics } from "../storage/metricsLog.ts"
import { layout } from "../storage/runDirectory.ts"
import type { RunHeader } from "../storage/runHeader.ts"
import { formatVersion } from "../schemas/Run.ts"
import { runArgument } from "../format/runArgument.ts"
import { quoted } from "../format/quoted.ts"
import { program } from "../format/program.ts"
import { count } from "../format/numbers.ts"
import { readReached } from "./summary.ts"
import { validated } from "./validated.ts"

export interface CurvePoint {
  readonly iteration: number
  readonly error: number
  readonly loss: number
}

/** Why a figure is missing or of limited use. */
export interface Shortcoming {
  /** About any run in the same state: it names none. */
  readonly text: string
  /** The command that gets the figure. */
  readonly command: string | null
}

export interface RunFigures {
  readonly id: string
  readonly path: string
  readonly experiment: string
  readonly seed: number | null
  readonly status: string
  readonly engine: string
  /** Of the tested model; without a test, as far as the run has come. */
  readonly iterations: number | null
  readonly parameters: number | null
  readonly testExamples: number | null
  /** With Wilson's 95 % interval. */
  readonly testError: Estimate | null
  readonly testLoss: number | null
  /** Of the tested model, else of the newest evaluation; without an interval if the size of the split is unknown. */
  readonly validationError: {
    readonly value: number
    readonly low: number | null
    readonly high: number | null
  } | null
  /** Training examples per second over the train stage, including set-up and evaluations. */
  readonly imagesPerSecond: number | null
  readonly trainSeconds: number | null
  /** Null if no attempt recorded it. */
  readonly peakMemoryBytes: number | null
  /** Evaluations of the validation split. */
  readonly curve: ReadonlyArray<CurvePoint>
  /** Figures of the dataset that the run was tested on: equal for equal content. */
  readonly dataset: unknown
  readonly missing: ReadonlyArray<Shortcoming>
}

const ReportFigures = Schema.Struct({
  dataset: Schema.optionalKey(Schema.Unknown),
  parameters: Schema.optionalKey(Schema.Int),
  iterations: Schema.optionalKey(Schema.Int),
  checkpoint: Schema.optionalKey(Schema.String),
  validation: Schema.optionalKey(
    Schema.Array(Schema.Struct({ iteration: Schema.Int, error: Schema.Finite, loss: Schema.Finite })),
  ),
  test: Schema.optionalKey(
    Schema.Struct({
      examples: Schema.Int,
      error: Schema.Struct({ value: Schema.Finite, low: Schema.Finite, high: Schema.Finite }),
      loss: Schema.Finite,
    }),
  ),
  timings: Schema.optionalKey(
    Schema.Array(Schema.Struct({ name: Schema.String, durationMs: Schema.Finite })),
  ),
})
type ReportFigures = typeof ReportFigures.Type
const decodeReport = Schema.decodeUnknownEffect(Schema.fromJsonString(ReportFigures))

const numberAt = (value: Schema.Json | undefined, key: string): number | null => {
  if (typeof value !== "object" || value === null || !(key in value)) return null
  const found: unknown = Reflect.get(value, key)
  return typeof found === "number" ? found : null
}

const shortcoming = (text: string, command: string | null = null): Shortcoming => ({ text, command })

const readReport = Effect.fnUntraced(function* (run: RunHeader, missing: Array<Shortcoming>) {
  const paths = yield* Path.Path
  const text = yield* readStringNow(paths.join(run.path, layout.report)).pipe(Effect.result)
  if (text._tag === "Failure") {
    missing.push(shortcoming(text.failure.message))
    return undefined
  }
  if (text.success === undefined) {
    const resume = `${program} resume ${quoted(runArgument(run.path))}`
    missing.push(
      run.status === "running"
        ? shortcoming("still running, so there is no test result yet")
        : shortcoming(`${run.status}, so there is no test result`, resume),
    )
    return undefined
  }
  const report = yield* decodeReport(text.success).pipe(Effect.option)
  if (report._tag === "None") {
    missing.push(shortcoming("cannot read report.json, so there is no test result"))
    return undefined
  }
  if (report.value.test === undefined) missing.push(shortcoming("report.json has no test result"))
  if (run.status !== "finished") {
    const at = report.value.iterations
    missing.push(
      shortcoming(
        `${run.status}: the test result is of an earlier attempt, at iteration ${at === undefined ? "?" : count(at)}`,
      ),
    )
  }
  return report.value
})

/** Evaluations so far of a run without a report. */
const curveSoFar = Effect.fnUntraced(function* (run: RunHeader) {
  const rows = yield* readMetrics(run.path).pipe(Effect.orElseSucceed(() => []))
  return rows.filter((row) => row.split === "validation")
})

const speedOf = (run: RunHeader, report: ReportFigures | undefined) => {
  const durationMs = report?.timings?.find(({ name }) => name === "train")?.durationMs
  const batchSize = numberAt(run.experiment, "batchSize")
  if (durationMs === undefined) return { trainSeconds: null, imagesPerSecond: null }
  // The duration is that of the attempt that finished training, which may have resumed from a checkpoint.
  const from = run.attempts.findLast((attempt) => typeof attempt.resumedFrom === "number")?.resumedFrom ?? 0
  const trained = (report?.iterations ?? 0) - from
  const known = trained > 0 && batchSize !== null && durationMs > 0
  return {
    trainSeconds: durationMs / 1000,
    imagesPerSecond: known ? (trained * batchSize) / (durationMs / 1000) : null,
  }
}

/** The highest of all attempts; null if none recorded it. */
const peakMemoryOf = (run: RunHeader): number | null => {
  const recorded = run.attempts.map((attempt) => attempt.outcome?.peakMemoryBytes ?? 0)
  return Math.max(0, ...recorded) || null
}

/** Figures of a dataset alone: near duplicates and the statistics for standardization depend on the normalization and split of a run. */
const contentOf = (dataset: unknown) => {
  if (typeof dataset !== "object" || dataset === null) return dataset
  const {
    nearDuplicates: _n,
    split: _s,
    standardizedBy: _,
    ...content
  } = { nearDuplicates: undefined, split: undefined, standardizedBy: undefined, ...dataset }
  return content
}

export const readFigures = Effect.fnUntraced(function* (run: RunHeader) {
  const missing: Array<Shortcoming> = []
  if (run.formatVersion !== formatVersion) {
    missing.push(
      shortcoming(
        `format version ${run.formatVersion}, this version writes ${formatVersion}: only some fields can be read`,
      ),
    )
  }
  const report = yield* readReport(run, missing)
  const curve: ReadonlyArray<CurvePoint> = report?.validation ?? (yield* curveSoFar(run))
  const evaluation = validated(curve, report)
  const examples = numberAt(run.experiment.split, "validation")
  const counted = examples !== null && Number.isInteger(examples)
  return {
    id: run.id,
    path: run.path,
    experiment: run.name,
    seed: numberAt(run.experiment, "seed"),
    status: run.status,
    engine: run.engine,
    iterations: report?.iterations ?? (yield* readReached(run.path)).iteration,
    parameters: report?.parameters ?? null,
    testExamples: report?.test?.examples ?? null,
    testError: report?.test?.error ?? null,
    testLoss: report?.test?.loss ?? null,
    validationError:
      evaluation === undefined
        ? null
        : counted
          ? { ...wilsonInterval(Math.round(evaluation.error * examples), examples), value: evaluation.error }
          : { value: evaluation.error, low: null, high: null },
    ...speedOf(run, report),
    peakMemoryBytes: peakMemoryOf(run),
    curve,
    dataset: contentOf(report?.dataset) ?? run.experiment.dataset ?? null,
    missing,
  } satisfies RunFigures as RunFigures
})
