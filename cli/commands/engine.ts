/** `pipeline engine add tensorflow`: adds an engine that does not come with the program. */
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"

const name = Argument.Literals("engine", ["tensorflow"]).pipe(
  Argument.withDescription(
    "The engine to add: tensorflow (Linux on x64; needs g++ and pip; 300 MB to download)",
  ),
)

const gpu = Flag.Boolean("gpu").pipe(
  Flag.withDescription(
    "Add it with CUDA, for NVIDIA cards (570 MB to download; needs the driver, CUDA 12 and cuDNN 9)",
  ),
  Flag.withDefault(false),
)

const add = Command.make(
  "add",
  { name, gpu },
  Effect.fn("engine add")(function* ({ gpu }) {
    const { install } = yield* Effect.promise(() => import("../../engines/tensorflow/install/install.ts"))
    yield* install(gpu)
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
