/** `pipeline promote RUN`: makes a run the champion of its experiment, in any case or only if it passes the gate. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { findRun, type Run } from "../../storage/runDirectory.ts"
import { refreshHistoryPage } from "../../views/history/writeHistoryPage.ts"
import { championStoreFlag, withSharedChampions } from "../championStore.ts"
import { withDevice } from "../deviceFlag.ts"
import { device, engine, json, runsDir } from "../flags.ts"
import { pullIfStored, shareIfStored } from "../queueFlag.ts"

const run = Argument.String("run").pipe(
  Argument.withDescription("Run: an id, its first or last characters, or `latest`"),
)
const gate = Flag.Boolean("gate").pipe(
  Flag.withDescription(
    "Promote only if the run passes the experiment's gate; otherwise record it as a challenger",
  ),
  Flag.withDefault(false),
)
export const reason = Flag.String("reason").pipe(
  Flag.withDescription("Reason, for the history"),
  Flag.withMetavar("TEXT"),
  Flag.optional,
)

const flags = { run, gate, reason, engine, device, store: championStoreFlag, runsDir, json }
type Options = Command.Command.Config.Infer<typeof flags>

const promoteFound = Effect.fnUntraced(function* (options: Options, found: Run) {
  if (!options.gate) {
    const { promoteRun } = yield* Effect.promise(() => import("../../operations/champion/manual.ts"))
    const result = yield* promoteRun(options.runsDir, found, Option.getOrNull(options.reason))
    yield* refreshHistoryPage(options.runsDir)
    if (options.json) return yield* Console.log(JSON.stringify(result, null, 2))
    const { before, experiment, run } = result
    return yield* Console.log(
      before === run
        ? `${run} is already the champion of ${experiment}`
        : `${run} is the champion of ${experiment}${before === null ? "" : `, in place of ${before}`}`,
    )
  }
  const { gateRun } = yield* Effect.promise(() => import("../../operations/champion/gateRun.ts"))
  const result = yield* gateRun(options.runsDir, found, options.engine)
  yield* refreshHistoryPage(options.runsDir)
  if (options.json) return yield* Console.log(JSON.stringify(result, null, 2))
  const outcome = result.champion
    ? `${result.run} is the champion of ${result.experiment}`
    : `${result.run} is a challenger; ${result.experiment} ${result.before === null ? "has no champion" : `keeps its champion ${result.before}`}`
  yield* Console.log([outcome, ...result.reasons.map((line) => `  ${line}`)].join("\n"))
})

export const promote = Command.make(
  "promote",
  flags,
  Effect.fn("promote")(function* (given) {
    const options = yield* withDevice(given)
    yield* pullIfStored(options.store, options.runsDir, options.run)
    const found = yield* findRun(options.runsDir, options.run)
    yield* shareIfStored(options.store, found)
    yield* promoteFound(options, found).pipe(withSharedChampions(options.store))
  }),
).pipe(
  Command.withDescription("Make a run the champion of its experiment"),
  Command.withExamples([
    {
      command: "pipeline promote latest --gate",
      description: "Promote the newest run if it passes the gate",
    },
    {
      command: "pipeline promote 20261122T02 --reason 'better on our own scans'",
      description: "Promote a run without the gate",
    },
  ]),
)
