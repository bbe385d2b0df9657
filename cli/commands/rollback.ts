/** `pipeline rollback EXPERIMENT`: makes the previous champion the champion again. */
import { Console, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { refreshHistoryPage } from "../../views/history/writeHistoryPage.ts"
import { championStoreFlag, withSharedChampions } from "../championStore.ts"
import { json, runsDir } from "../flags.ts"
import { reason } from "./promote.ts"

const experiment = Argument.String("experiment").pipe(Argument.withDescription("Name of the experiment"))

export const rollback = Command.make(
  "rollback",
  { experiment, reason, store: championStoreFlag, runsDir, json },
  Effect.fn("rollback")(function* (options) {
    const { rollBack } = yield* Effect.promise(() => import("../../operations/champion/manual.ts"))
    const result = yield* rollBack(
      options.runsDir,
      options.experiment,
      Option.getOrNull(options.reason),
    ).pipe(withSharedChampions(options.store))
    yield* refreshHistoryPage(options.runsDir)
    if (options.json) return yield* Console.log(JSON.stringify(result, null, 2))
    yield* Console.log(
      `${result.run} is the champion of ${result.experiment} again, in place of ${result.before}`,
    )
  }),
).pipe(
  Command.withDescription("Make the previous champion the champion again"),
  Command.withExamples([
    { command: "pipeline rollback cnn", description: "Go back one champion; run it twice to go back two" },
  ]),
)
