/**
 * What the schedule remembers, in the runs folder: `schedule.ndjson`, one line a night, only ever appended to, and
 * `schedule/<experiment>.json`, where it stands, replaced whole.
 *
 * The line is written before the state forgets the night, so a night in both is over.
 */
import { Context, Effect, FileSystem, Layer, Path, Schema } from "effect"
import { JobState, Night } from "../../schemas/Night.ts"
import * as files from "../../storage/files.ts"
import { type StorageFailed } from "../../storage/StorageFailed.ts"

/** Names in a runs folder. */
export const journal = { nights: "schedule.ndjson", folder: "schedule", claim: "claim" } as const

const decodeNight = Schema.decodeUnknownEffect(Schema.fromJsonString(Night))
const encodeNight = Schema.encodeSync(Schema.fromJsonString(Night))
const decodeState = Schema.decodeUnknownEffect(Schema.fromJsonString(JobState))
const encodeState = Schema.encodeSync(JobState)

export class Journal extends Context.Service<
  Journal,
  {
    /** Every line that can be read, oldest first. */
    readonly nights: Effect.Effect<ReadonlyArray<Night>, StorageFailed>
    readonly append: (night: Night) => Effect.Effect<void, StorageFailed>
    /** Undefined before the first start, or where it cannot be read. */
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
        const stateFile = (experiment: string) => paths.join(runsDir, journal.folder, `${experiment}.json`)
        return Journal.of({
          nights: Effect.gen(function* () {
            const nights: Array<Night> = []
            for (const line of ((yield* files.readStringIfExists(log)) ?? "").split("\n")) {
              const night = yield* decodeNight(line).pipe(Effect.option)
              if (night._tag === "Some") nights.push(night.value)
            }
            return nights
          }).pipe(Effect.provideContext(services)),
          append: (night) =>
            Effect.gen(function* () {
              const before = (yield* files.readStringIfExists(log)) ?? ""
              const torn = before !== "" && !before.endsWith("\n")
              yield* files.append(log, `${torn ? "\n" : ""}${encodeNight(night)}\n`)
            }).pipe(Effect.provideContext(services)),
          load: (experiment) =>
            Effect.gen(function* () {
              const text = yield* files.readStringIfExists(stateFile(experiment))
              if (text === undefined) return undefined
              return yield* decodeState(text).pipe(Effect.orElseSucceed(() => undefined))
            }).pipe(Effect.provideContext(services)),
          save: (experiment, state) =>
            files
              .writeAtomic(stateFile(experiment), `${JSON.stringify(encodeState(state), null, 2)}\n`)
              .pipe(Effect.provideContext(services)),
        })
      }),
    )
}
