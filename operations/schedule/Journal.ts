/**
 * The schedule's files in the runs folder: `schedule.ndjson`, to which every scheduled run appends one line, and
 * `schedule/<experiment>.json`, the state of one job, which is replaced as a whole.
 *
 * A run's line is written before the state forgets the run, so a run in both is finished.
 */
import { Context, Effect, FileSystem, Layer, Path, Schema } from "effect"
import { JobState, ScheduledRun } from "../../schemas/ScheduledRun.ts"
import * as files from "../../storage/files.ts"
import type { ClaimLost } from "../../storage/lock/claim.ts"
import { scheduleFiles } from "../../storage/share/recordPlaces.ts"
import { type StorageFailed } from "../../storage/StorageFailed.ts"

/** Names in a runs folder. */
export const journal = {
  scheduledRuns: scheduleFiles.log,
  folder: scheduleFiles.folder,
  claim: scheduleFiles.claim,
  page: "history.html",
} as const

const decodeScheduledRun = Schema.decodeUnknownEffect(Schema.fromJsonString(ScheduledRun))
const encodeScheduledRun = Schema.encodeSync(Schema.fromJsonString(ScheduledRun))
const decodeState = Schema.decodeUnknownEffect(Schema.fromJsonString(JobState))
const encodeState = Schema.encodeSync(JobState)

/** Every line that can be decoded, oldest first. */
export const readScheduledRuns = Effect.fn("readScheduledRuns")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const scheduledRuns: Array<ScheduledRun> = []
  for (const line of (
    (yield* files.readStringIfExists(paths.join(runsDir, journal.scheduledRuns))) ?? ""
  ).split("\n")) {
    const scheduledRun = yield* decodeScheduledRun(line).pipe(Effect.option)
    if (scheduledRun._tag === "Some") scheduledRuns.push(scheduledRun.value)
  }
  return scheduledRuns
})

const stateFile = (runsDir: string, experiment: string) =>
  Effect.map(Path.Path, (paths) => paths.join(runsDir, journal.folder, `${experiment}.json`))

/** The state of one job; undefined before its first start, or if the file cannot be decoded. */
export const readJobState = Effect.fn("readJobState")(function* (runsDir: string, experiment: string) {
  const text = yield* files.readStringIfExists(yield* stateFile(runsDir, experiment))
  if (text === undefined) return undefined
  return yield* decodeState(text).pipe(Effect.orElseSucceed(() => undefined))
})

export class Journal extends Context.Service<
  Journal,
  {
    readonly scheduledRuns: Effect.Effect<ReadonlyArray<ScheduledRun>, StorageFailed>
    readonly append: (scheduledRun: ScheduledRun) => Effect.Effect<void, StorageFailed | ClaimLost>
    readonly load: (experiment: string) => Effect.Effect<JobState | undefined, StorageFailed>
    readonly save: (experiment: string, state: JobState) => Effect.Effect<void, StorageFailed | ClaimLost>
  }
>()("tidemark/operations/schedule/Journal") {
  /**
   * `checkClaim`: fails if another schedule has taken over this one, before anything is written. `deliver`: brings what was written
   * to where other machines find it.
   */
  static readonly layer = (
    runsDir: string,
    checkClaim: Effect.Effect<void, ClaimLost | StorageFailed, FileSystem.FileSystem>,
    deliver: Effect.Effect<void, ClaimLost> = Effect.void,
  ) =>
    Layer.effect(
      Journal,
      Effect.gen(function* () {
        const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
        const paths = Context.get(services, Path.Path)
        const log = paths.join(runsDir, journal.scheduledRuns)
        return Journal.of({
          scheduledRuns: Effect.provideContext(readScheduledRuns(runsDir), services),
          append: (scheduledRun) =>
            Effect.gen(function* () {
              yield* checkClaim
              const before = (yield* files.readStringIfExists(log)) ?? ""
              const torn = before !== "" && !before.endsWith("\n")
              yield* files.append(log, `${torn ? "\n" : ""}${encodeScheduledRun(scheduledRun)}\n`)
              yield* deliver
            }).pipe(Effect.provideContext(services)),
          load: (experiment) => Effect.provideContext(readJobState(runsDir, experiment), services),
          save: (experiment, state) =>
            Effect.gen(function* () {
              yield* checkClaim
              const path = yield* stateFile(runsDir, experiment)
              yield* files.writeAtomic(path, `${JSON.stringify(encodeState(state), null, 2)}\n`)
              yield* deliver
            }).pipe(Effect.provideContext(services)),
        })
      }),
    )
}
