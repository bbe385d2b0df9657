/** `pipeline rollback EXPERIMENT`: the champion before becomes champion again. */
import { Console, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { refreshHistoryPage } from "../../views/history/writeHistoryPage.ts"
import { json, runsDir } from "../flags.ts"
import { reason } from "./promote.ts"

const experiment = Argument.String("experiment").pipe(Argument.withDescription("The experiment's name"))

export const rollback = Command.make(
  "rollback",
  { experiment, reason, runsDir, json },
  Effect.fn("rollback")(function* (options) {
    const { rollBack } = yield* Effect.promise(() => import("../../operations/champion/manual.ts"))
    const result = yield* rollBack(options.runsDir, options.experiment, Option.getOrNull(options.reason))
    yield* refreshHistoryPage(options.runsDir)
    if (options.json) return yield* Console.log(JSON.stringify(result, null, 2))
    yield* Console.log(
      `${result.run} is the champion of ${result.experiment} again; ${result.before} is not any more`,
    )
  }),
).pipe(
  Command.withDescription("Make the champion before the present one champion again"),
  Command.withExamples([
    { command: "pipeline rollback cnn", description: "One champion back; twice goes back two" },
  ]),
)
