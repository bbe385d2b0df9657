/**
 * What the schedule remembers, in the runs folder: `schedule.ndjson`, one line a night, only ever appended to, and
 * `schedule/<experiment>.json`, where it stands, replaced whole.
 *
 * The line is written before the state forgets the night, so a night in both is over.
 */
import { Context, Effect, FileSystem, Layer, Path, Schema } from "effect"
import { JobState, Night } from "../../schemas/ScheduledRun.ts"
import * as files from "../../storage/files.ts"
import { type StorageFailed } from "../../storage/StorageFailed.ts"

/** Names in a runs folder. */
export const journal = {
  nights: "schedule.ndjson",
  folder: "schedule",
  claim: "claim",
  page: "history.html",
} as const

const decodeNight = Schema.decodeUnknownEffect(Schema.fromJsonString(Night))
const encodeNight = Schema.encodeSync(Schema.fromJsonString(Night))
const decodeState = Schema.decodeUnknownEffect(Schema.fromJsonString(JobState))
const encodeState = Schema.encodeSync(JobState)

/** Every line that can be read, oldest first. */
export const readNights = Effect.fn("readNights")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const nights: Array<Night> = []
  for (const line of ((yield* files.readStringIfExists(paths.join(runsDir, journal.nights))) ?? "").split(
    "\n",
  )) {
    const night = yield* decodeNight(line).pipe(Effect.option)
    if (night._tag === "Some") nights.push(night.value)
  }
  return nights
})

const stateFile = (runsDir: string, experiment: string) =>
  Effect.map(Path.Path, (paths) => paths.join(runsDir, journal.folder, `${experiment}.json`))

/** Where the schedule of an experiment stands; undefined before its first start, or where that cannot be read. */
export const readJobState = Effect.fn("readJobState")(function* (runsDir: string, experiment: string) {
  const text = yield* files.readStringIfExists(yield* stateFile(runsDir, experiment))
  if (text === undefined) return undefined
  return yield* decodeState(text).pipe(Effect.orElseSucceed(() => undefined))
})

export class Journal extends Context.Service<
  Journal,
  {
    readonly nights: Effect.Effect<ReadonlyArray<Night>, StorageFailed>
    readonly append: (night: Night) => Effect.Effect<void, StorageFailed>
    readonly load: (experiment: string) => Effect.Effect<JobState | undefined, StorageFailed>
    readonly save: (experiment: string, state: JobState) => Effect.Effect<void, StorageFailed>
  }
>()("tidemark/pipeline/schedule/Journal") {
  static readonly layer = (runsDir: string) =>
    Layer.effect(
      Journal,
      Effect.gen(function* () {
        const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
        const paths = Context.get(services, Path.Path)
        const log = paths.join(runsDir, journal.nights)
        return Journal.of({
          nights: Effect.provideContext(readNights(runsDir), services),
          append: (night) =>
            Effect.gen(function* () {
              const before = (yield* files.readStringIfExists(log)) ?? ""
              const torn = before !== "" && !before.endsWith("\n")
              yield* files.append(log, `${torn ? "\n" : ""}${encodeNight(night)}\n`)
            }).pipe(Effect.provideContext(services)),
          load: (experiment) => Effect.provideContext(readJobState(runsDir, experiment), services),
          save: (experiment, state) =>
            Effect.flatMap(stateFile(runsDir, experiment), (path) =>
              files.writeAtomic(path, `${JSON.stringify(encodeState(state), null, 2)}\n`),
            ).pipe(Effect.provideContext(services)),
        })
      }),
    )
}
