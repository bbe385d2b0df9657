/** `pipeline pull [RUN…]`: copies runs of a store into the runs folder, where every other command finds them. */
import { Console, Effect, Schedule, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { plural } from "../../format/numbers.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { SharedRun } from "../../storage/share/sharedRun.ts"
import { matchRuns } from "../../storage/runDirectory.ts"
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
  fields: { store: Schema.String, run: Schema.String, count: Schema.Int },
  message: ({ count, run, store }) =>
    `no run ${run} in ${store}, which has ${plural(count, "1 run", "runs")}; without a name, \`pull\` copies all of them`,
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
    const { makePuller } = yield* Effect.promise(() => import("../../storage/share/pullRun.ts"))
    const { listSharedRuns } = yield* Effect.promise(() => import("../../storage/share/sharedRun.ts"))
    const { pullAll } = yield* makePuller(store, options.runsDir)
    const wantedOf = Effect.fnUntraced(function* (listed: ReadonlyArray<SharedRun>) {
      const names = listed.map(({ run }) => run)
      const matching = options.runs.map((run) => ({ run, found: matchRuns(names, run) }))
      const missing = matching.find(({ found }) => found.length === 0)
      if (missing !== undefined && !options.follow) {
        return yield* new NotInStore({ store: store.address, run: missing.run, count: names.length })
      }
      return new Set(options.runs.length === 0 ? names : matching.flatMap(({ found }) => found))
    })
    const once = Effect.gen(function* () {
      const listed = yield* listSharedRuns(store)
      const wanted = yield* wantedOf(listed)
      const pulled = yield* pullAll((run) => wanted.has(run), listed)
      const changed = pulled.filter(({ isChanged }) => isChanged).map(({ run }) => run)
      if (options.json) {
        if (!options.follow || changed.length > 0) {
          yield* Console.log(JSON.stringify({ runs: pulled.length, changed }))
        }
        return
      }
      for (const run of changed) yield* Effect.logInfo(`copied ${run}`)
      const has = `${plural(pulled.length, "1 run", "runs")} of ${store.address} in ${options.runsDir}, ${changed.length} changed`
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
    "Copy runs of a store into the runs folder, where list, show, watch, compare and the dashboard find them. Copies that are up to date are left alone, and so are runs that this machine trains",
  ),
  Command.withShortDescription("Copy runs of a store into the runs folder"),
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
