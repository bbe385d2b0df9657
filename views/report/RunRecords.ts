/**
 * Everything that can be read of a run: (run directory) -> RunRecords, with a list of what is missing.
 *
 * Nothing here fails: a run may be unfinished, damaged, or written by another version. Each part of report.json is decoded
 * separately, so that a part in another format does not hide the others.
 */
import { Effect, Option, Path, Result, Schema } from "effect"
import { EngineChoice } from "../../schemas/EngineChoice.ts"
import { DatasetFigures, FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import type { Metric } from "../../schemas/Metric.ts"
import { ClassReport, Interval, Mistake, Report } from "../../schemas/Report.ts"
import { type Attempt, formatVersion, Overrides, Trained } from "../../schemas/Run.ts"
import { readAttempts, statusOf } from "../../storage/attempts.ts"
import * as files from "../../storage/files.ts"
import { readMetrics } from "../../storage/metricsLog.ts"
import { layout } from "../../storage/runDirectory.ts"
import { readAttemptGlances, readHeader, type RunHeader } from "../../storage/runHeader.ts"
import { readFigures, type RunFigures } from "../../inspect/RunFigures.ts"
import { type Predictions, readPredictions } from "../../storage/predictions.ts"
import { readTrainEvents, type Speed, speedsOf } from "../../inspect/trainEvents.ts"

/** The test result; each part may be missing. */
export interface TestParts {
  readonly examples: number | undefined
  readonly error: Interval | undefined
  readonly accuracy: Interval | undefined
  readonly loss: number | undefined
  /** Of own code, by name. */
  readonly metrics?: Readonly<Record<string, number>>
  readonly classes: ReadonlyArray<ClassReport> | undefined
  readonly confusion: ReadonlyArray<ReadonlyArray<number>> | undefined
  readonly mistakes: ReadonlyArray<Mistake> | undefined
}

export interface RunRecords {
  readonly header: RunHeader
  /** Speed, memory and errors, as in a comparison. */
  readonly figures: RunFigures
  /** Undefined if another version wrote it. */
  readonly experiment: Experiment | undefined
  readonly fingerprint: string | undefined
  readonly experimentFile: string | undefined
  readonly overrides: Overrides | undefined
  readonly engineChoice: EngineChoice | undefined
  readonly attempts: ReadonlyArray<Attempt>
  readonly metrics: ReadonlyArray<Metric>
  readonly speeds: ReadonlyArray<Speed>
  readonly fetched: FetchedDataset | undefined
  readonly dataset: DatasetFigures | undefined
  readonly trained: Trained | undefined
  readonly layers: Report["layers"] | undefined
  readonly timings: Report["timings"] | undefined
  /** Null without report.json. */
  readonly test: TestParts | null
  readonly predictions: Predictions | undefined
  /** One sentence each. */
  readonly missing: ReadonlyArray<string>
}

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const field = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined

/** A field of a JSON value, undefined unless it has the schema. */
const read = <S extends Schema.ConstraintDecoder<unknown>>(
  value: unknown,
  key: string,
  schema: S,
): S["Type"] | undefined => Option.getOrUndefined(Schema.decodeUnknownOption(schema)(field(value, key)))

const readJson = Effect.fnUntraced(function* (path: string) {
  const text = yield* files.readStringIfExists(path).pipe(Effect.orElseSucceed(() => undefined))
  if (text === undefined) return { exists: false, json: undefined }
  return { exists: true, json: Option.getOrUndefined(decodeJson(text)) }
})

/** The header; if run.json cannot be read, one made from the other files of the run. */
const headerOf = Effect.fnUntraced(function* (path: string, missing: Array<string>) {
  const paths = yield* Path.Path
  const header = yield* Effect.result(readHeader(path))
  if (Result.isSuccess(header)) return header.success
  missing.push(`${header.failure.problem}: the experiment and the engine are unknown`)
  const attempts = yield* readAttemptGlances(path)
  const id = paths.basename(path)
  return {
    path,
    id,
    createdAt: attempts[0]?.startedAt ?? "",
    orderedAt: undefined,
    formatVersion,
    experiment: {},
    name: /^\d{8}T\d{6}Z-(.+)-[0-9a-f]{8}/.exec(id)?.[1] ?? id,
    parent: null,
    engine: attempts.at(-1)?.engine?.name ?? "?",
    attempts,
    status: yield* statusOf(paths.join(path, layout.attempts), attempts),
  } satisfies RunHeader as RunHeader
})

const testOf = (json: unknown): TestParts => {
  const test = field(json, "test")
  return {
    examples: read(test, "examples", Schema.Int),
    error: read(test, "error", Interval),
    accuracy: read(test, "accuracy", Interval),
    loss: read(test, "loss", Schema.Finite),
    metrics: read(test, "metrics", Schema.Record(Schema.String, Schema.Finite)) ?? {},
    classes: read(test, "classes", Schema.Array(ClassReport)),
    confusion: read(test, "confusion", Schema.Array(Schema.Array(Schema.Int))),
    mistakes: read(test, "mistakes", Schema.Array(Mistake)),
  }
}

/** Describes the parts of a test result that are absent or in another format. */
const testRemarks = (test: TestParts): ReadonlyArray<string> => {
  const absent = Object.entries(test).flatMap(([part, value]) => (value === undefined ? [part] : []))
  return absent.length === 0
    ? []
    : [`${layout.report} lacks parts of a test result of this version: ${absent.join(", ")}`]
}

/** Describes the learning curves that cannot be drawn. */
const metricRemarks = (metrics: ReadonlyArray<Metric>): ReadonlyArray<string> => {
  const splits = new Set(metrics.map(({ split }) => split))
  if (splits.size === 0) return [`${layout.metrics} has no rows, so there are no learning curves`]
  if (!splits.has("train")) return ["training metrics were not recorded, so there are no training curves"]
  return splits.has("validation")
    ? []
    : ["the validation split was not evaluated, so there are no validation curves"]
}

export const readRecords = Effect.fn("readRecords")(function* (path: string) {
  const paths = yield* Path.Path
  const missing: Array<string> = []
  const header = yield* headerOf(path, missing)
  const figures = yield* readFigures(header)
  for (const { command, text } of figures.missing)
    missing.push(command === null ? text : `${text}; get one with \`${command}\``)

  const stage = (name: string) =>
    Effect.map(readJson(paths.join(path, layout.stages, `${name}.json`)), ({ json }) => json)
  const identity = (yield* readJson(paths.join(path, layout.identity))).json
  const report = yield* readJson(paths.join(path, layout.report))
  const test = report.json === undefined ? null : testOf(report.json)
  if (test !== null && field(report.json, "test") !== undefined) missing.push(...testRemarks(test))

  const experiment = read(identity, "experiment", Experiment)
  if (experiment === undefined && field(identity, "experiment") !== undefined) {
    missing.push("another version wrote the experiment; it is shown as stored")
  }
  const metrics = yield* readMetrics(path).pipe(Effect.orElseSucceed((): ReadonlyArray<Metric> => []))
  missing.push(...metricRemarks(metrics))

  const predictions = test === null ? undefined : yield* readPredictions(path)
  if (predictions !== undefined && Result.isFailure(predictions)) {
    missing.push(`${predictions.failure}, so there is no calibration and no misclassified examples are shown`)
  }
  const dataset =
    read(report.json, "dataset", DatasetFigures) ?? read(yield* stage("validate"), "result", DatasetFigures)
  if (dataset === undefined && test !== null) missing.push("dataset statistics are missing")

  return {
    header,
    figures,
    experiment: experiment === undefined ? undefined : withBudget(experiment, header),
    fingerprint:
      read(report.json, "fingerprint", Schema.String) ?? read(identity, "fingerprint", Schema.String),
    experimentFile: read(field(identity, "experimentFile"), "path", Schema.String),
    overrides: read(identity, "overrides", Overrides),
    engineChoice: read(identity, "engineChoice", EngineChoice),
    attempts: yield* readAttempts(paths.join(path, layout.attempts)).pipe(
      Effect.orElseSucceed((): ReadonlyArray<Attempt> => []),
    ),
    metrics,
    speeds: speedsOf(yield* readTrainEvents(path)),
    fetched: read(yield* stage("fetch"), "result", FetchedDataset),
    dataset,
    trained: read(yield* stage("train"), "result", Trained),
    layers: read(report.json, "layers", Report.fields.layers),
    timings: read(report.json, "timings", Report.fields.timings),
    test,
    predictions: predictions !== undefined && Result.isSuccess(predictions) ? predictions.success : undefined,
    missing,
  } satisfies RunRecords as RunRecords
})

/** With the budget that the last extension set; the header has it already. */
const withBudget = (experiment: Experiment, header: RunHeader): Experiment => {
  const iterations = header.attempts.findLast((attempt) => typeof attempt.iterations === "number")?.iterations
  return typeof iterations === "number" ? { ...experiment, budget: { iterations } } : experiment
}
