/** `pipeline engine add tensorflow`: adds an engine that does not come with the program. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"

const name = Argument.Literals("engine", ["tensorflow"]).pipe(
  Argument.withDescription(
    "The engine to add: tensorflow (Linux on x64; needs g++ and pip; 300 MB to download)",
  ),
)

const add = Command.make(
  "add",
  { name },
  Effect.fn("engine add")(function* () {
    const { install } = yield* Effect.promise(() => import("../../engines/tensorflow/install/install.ts"))
    yield* install
  }),
).pipe(
  Command.withDescription("Build an engine for this machine, once; run again, it does nothing"),
  Command.withExamples([
    {
      command: "pipeline engine add tensorflow",
      description: "Build TensorFlow's addon against its PyPI wheel",
    },
  ]),
)

export const engine = Command.make("engine").pipe(
  Command.withDescription("Add an engine that does not come with the program"),
  Command.withSubcommands([add]),
)
