/** `pipeline pull [RUN…]`: copies runs of a store, and what concerns several, into the runs folder, where every other command finds them. */
import { Console, Effect, Schedule, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { plural } from "../../format/numbers.ts"
import { Failure } from "../../schemas/Failure.ts"
import { json, runsDir } from "../flags.ts"
import { openStoreIfGiven, storeFlag } from "../queueFlag.ts"

/** The interval between two looks with --follow. */
const followEvery = "5 seconds"

class StoreMissing extends Failure<StoreMissing>()("StoreMissing", {
  exitCode: "usage",
  fields: {},
  message: () => "--store is missing: expected s3://BUCKET/PREFIX, or a folder, as the workers have it",
}) {}

class NotInStore extends Failure<NotInStore>()("NotInStore", {
  exitCode: "noInput",
  fields: { store: Schema.String, name: Schema.String, count: Schema.Int },
  message: ({ count, name, store }) =>
    `no ${name.includes(":") ? name : `run ${name}`} in ${store}, which has ${plural(count, "1 run", "runs")}; without a name, \`pull\` copies all that it has`,
}) {}

const runs = Argument.String("run").pipe(
  Argument.withDescription("Runs to copy: ids, their first or last characters, or globs (default: all)"),
  Argument.variadic(),
)

const follow = Flag.Boolean("follow").pipe(
  Flag.withDescription("Keep the copies up to date until the command is stopped"),
  Flag.withDefault(false),
)

export const pull = Command.make(
  "pull",
  { runs, store: storeFlag, runsDir, follow, json },
  Effect.fn("pull")(function* (options) {
    const store = yield* openStoreIfGiven(options.store)
    if (store === undefined) return yield* new StoreMissing()
    const { pullNamed } = yield* Effect.promise(() => import("../../storage/share/pullNamed.ts"))
    const { showPlace } = yield* Effect.promise(() => import("../../storage/share/recordPlaces.ts"))
    const once = Effect.gen(function* () {
      const pulled = yield* pullNamed(store, options.runsDir, options.runs)
      if (pulled.missing.length > 0 && !options.follow) {
        return yield* new NotInStore({ store: store.address, name: pulled.missing[0], count: pulled.of })
      }
      const isChanged = (one: { readonly isChanged: boolean }) => one.isChanged
      const changed = pulled.runs.filter(isChanged).map(({ run }) => run)
      const records = pulled.records.filter(isChanged).map(({ place }) => place)
      if (options.json) {
        if (options.follow && changed.length + records.length === 0) return
        const line = { runs: pulled.runs.length, changed, records: records.map(({ name }) => name) }
        return yield* Console.log(JSON.stringify(line))
      }
      for (const copied of [...changed, ...records.map(showPlace)]) yield* Effect.logInfo(`copied ${copied}`)
      const has = `${plural(pulled.runs.length, "1 run", "runs")} of ${store.address} in ${options.runsDir}, ${changed.length} changed`
      if (!options.follow) yield* Console.log(has)
    })
    if (!options.follow) return yield* once
    yield* once.pipe(
      // A store that is away comes back.
      Effect.catchTag("StoreUnavailable", ({ message }) => Effect.logWarning(message)),
      Effect.repeat(Schedule.spaced(followEvery)),
    )
  }),
).pipe(
  Command.withDescription(
    "Copy runs, sweeps, ensembles, champions and schedules of a store into the runs folder, where list, show, watch, compare and the dashboard find them. Copies that are up to date are left alone, and so is what this machine trains or decides",
  ),
  Command.withShortDescription("Copy runs and sweeps of a store into the runs folder"),
  Command.withExamples([
    {
      command: "pipeline pull --store s3://models/tidemark",
      description: "Copy all runs that workers have shared, or bring the copies up to date",
    },
    {
      command: "pipeline pull '*-cnn-*' --store s3://models/tidemark --follow",
      description: "Keep copies of the runs of an experiment up to date",
    },
  ]),
)
