/**
 * Durable stages. Only this file imports effect/workflow's Activity and WorkflowEngine.
 *
 * A stage is an activity whose result is recorded as `stages/<name>.json` in the run directory. In a resumed run, a stage with
 * a valid record returns the recorded result. A stage whose record is no longer valid runs again and receives the recorded
 * result. Failures are not recorded: a resumed run would return them for ever.
 */
import { Context, DateTime, Effect, FileSystem, Layer, Path, Schema } from "effect"
import * as Activity from "effect/workflow/Activity"
import * as Workflow from "effect/workflow/Workflow"
import * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { Interrupted } from "../schemas/Interrupted.ts"
import type { OwnAttempt } from "../storage/attempts.ts"
import * as files from "../storage/files.ts"
import { type StorageFailed } from "../storage/StorageFailed.ts"
import { elapsedMs } from "../format/elapsed.ts"
import { RunError } from "./RunError.ts"
import { StopSignal } from "./StopSignal.ts"

type Valid = Effect.Effect<boolean, StorageFailed, FileSystem.FileSystem | Path.Path>

/** Whether a recorded result is still valid: for example, whether its files still exist. */
const StillValid = Context.Reference<(result: never) => Valid>("tidemark/pipeline/stage/StillValid", {
  defaultValue: () => () => Effect.succeed(true),
})

/** The result that an earlier attempt recorded for the running stage, if it is no longer valid. */
const Previous = Context.Reference<unknown>("tidemark/pipeline/stage/Previous", {
  defaultValue: () => undefined,
})

/** `stages/<name>.json` */
const StageRecord = Schema.Struct({
  name: Schema.String,
  finishedAt: Schema.String,
  durationMs: Schema.Finite,
  result: Schema.Unknown,
})

const decodeRecord = Schema.decodeUnknownEffect(Schema.fromJsonString(StageRecord))

/** Makes a step of the pipeline whose result is recorded. */
export const stage = <Success extends Schema.Constraint, R>(options: {
  /** The name of its record, unique in the pipeline. */
  readonly name: string
  readonly success: Success
  /** Receives the result of an earlier attempt if that result is no longer valid. */
  readonly execute: (previous: Success["Type"] | undefined) => Effect.Effect<Success["Type"], RunError, R>
  readonly stillValid?: (result: Success["Type"]) => Valid
  /** Whether the stage itself saves its progress and ends on a stop signal. Other stages are interrupted. */
  readonly stopsItself?: boolean
}) =>
  Activity.make({
    name: options.name,
    success: options.success,
    error: RunError,
    execute: Effect.gen(function* () {
      const stop = yield* StopSignal
      const interrupted = Effect.flatMap(stop.awaited, (signal) =>
        Effect.fail(new Interrupted({ signal, during: options.name })),
      )
      // The engine decoded it with the schema of this stage.
      const execute = options.execute((yield* Previous) as Success["Type"] | undefined)
      return yield* options.stopsItself === true ? execute : Effect.raceFirst(execute, interrupted)
    }).pipe(Effect.annotateLogs({ stage: options.name })),
    ...(options.stillValid === undefined
      ? {}
      : { annotations: Context.make(StillValid, options.stillValid) }),
  })

/** The durations of the recorded stages, in the order in which they finished. */
export const stageTimings = Effect.fn("stageTimings")(function* (folder: string) {
  const paths = yield* Path.Path
  const timings: Array<typeof StageRecord.Type> = []
  for (const name of yield* files.list(folder)) {
    if (!name.endsWith(".json")) continue
    const record = yield* files
      .readString(paths.join(folder, name))
      .pipe(Effect.flatMap(decodeRecord), Effect.option)
    if (record._tag === "Some") timings.push(record.value)
  }
  return timings.sort((a, b) => (a.finishedAt < b.finishedAt ? -1 : 1))
})

interface RecordedActivity {
  readonly name: string
  readonly successSchema: Schema.Constraint
  readonly annotations: Context.Context<never>
}

/** How the result of a stage is written in its record. */
const codecOf = (success: Schema.Constraint): Schema.Codec<unknown> =>
  Schema.toCodecJson(success as Schema.Codec<unknown>) as never

/** The recorded result of a stage and whether it is valid; undefined without a readable record. */
const readRecord = Effect.fnUntraced(function* (
  path: string,
  { annotations, name, successSchema }: RecordedActivity,
) {
  const text = yield* files.readStringIfExists(path)
  if (text === undefined) return undefined
  const result = yield* decodeRecord(text).pipe(
    Effect.flatMap((record) => Schema.decodeUnknownEffect(codecOf(successSchema))(record.result)),
    Effect.option,
  )
  if (result._tag === "None") {
    yield* Effect.logWarning(`cannot read the record of stage ${name}; the stage runs again`)
    return undefined
  }
  const isValid = yield* Context.get(annotations, StillValid)(result.value as never)
  if (!isValid) {
    yield* Effect.logInfo(`the record of stage ${name} is no longer valid; the stage runs again`)
  }
  return { value: result.value, isValid }
})

const writeRecord = Effect.fnUntraced(function* (
  path: string,
  { name, successSchema }: RecordedActivity,
  result: unknown,
  startedAt: number,
) {
  const now = yield* elapsedMs
  const record: typeof StageRecord.Type = {
    name,
    finishedAt: DateTime.formatIso(yield* DateTime.now),
    durationMs: Math.round(now - startedAt),
    result: yield* Effect.orDie(Schema.encodeEffect(codecOf(successSchema))(result)),
  }
  yield* files.writeAtomic(path, `${JSON.stringify(record, null, 2)}\n`)
})

/** The workflow engine of one run directory: effect's in-memory engine, which returns recorded results of activities. */
export const layerRunDirectory = (
  folder: string,
  /** Fails if another process has taken over the run. Runs before a record is written. */
  checkOwned: OwnAttempt["checkOwned"],
) =>
  Layer.effect(
    WorkflowEngine.WorkflowEngine,
    Effect.gen(function* () {
      const memory = yield* WorkflowEngine.WorkflowEngine
      const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
      const paths = Context.get(services, Path.Path)

      const activityExecute: WorkflowEngine.WorkflowEngine["Service"]["activityExecute"] = (activity) =>
        Effect.gen(function* () {
          const path = paths.join(folder, `${activity.name}.json`)
          const recorded = yield* readRecord(path, activity)
          if (recorded?.isValid === true) return recorded.value as (typeof activity.successSchema)["Type"]
          const startedAt = yield* elapsedMs
          const result = yield* Effect.provideService(activity.execute, Previous, recorded?.value)
          yield* checkOwned
          yield* writeRecord(path, activity, result, startedAt)
          return result
        }).pipe(Effect.provideContext(services), Workflow.intoResult) as never

      const engine: WorkflowEngine.WorkflowEngine["Service"] = WorkflowEngine.WorkflowEngine.of({
        ...memory,
        register: (workflow, execute) =>
          memory.register(workflow, (payload, executionId) =>
            Effect.provideService(execute(payload, executionId), WorkflowEngine.WorkflowEngine, engine),
          ) as never,
        activityExecute,
      })
      return engine
    }),
  ).pipe(Layer.provide(WorkflowEngine.layerMemory))
