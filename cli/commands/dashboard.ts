/** `pipeline dashboard`: shows the runs in a browser, live, until Ctrl-C. It only reads. */
import { flushCompileCache } from "node:module"
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { openOrLog } from "../render/openFile.ts"
import { runsDir, wholeNumber } from "../flags.ts"
import { openToRead, readQueueFlag } from "../queueFlag.ts"

/** TensorBoard's is 6006. */
const defaultPort = 6007

const port = wholeNumber("port", 0, 65_535).pipe(
  Flag.withDescription(`Listen on this port of 127.0.0.1; 0 chooses a free one (default: ${defaultPort})`),
  Flag.withDefault(defaultPort),
)
const open = Flag.Boolean("open").pipe(
  Flag.withDescription("Open the dashboard in a browser"),
  Flag.withDefault(false),
)

/** Its modules are compiled once for all later starts, also if this process is killed; that takes 20 MB less. */
const keepCompiled = Effect.sync(() => flushCompileCache())

export const dashboard = Command.make(
  "dashboard",
  { port, open, runsDir, queue: readQueueFlag },
  Effect.fn("dashboard")(function* (options) {
    const { serveDashboard } = yield* Effect.promise(() => import("../../dashboard/server.ts"))
    const { address, origin } = yield* serveDashboard({ ...options, queue: yield* openToRead(options.queue) })
    yield* keepCompiled
    yield* Console.log(address())
    yield* Effect.logInfo(
      `the address signs in one browser, once; later ${origin} is enough there. Ctrl-C ends the dashboard, not the runs`,
    )
    if (options.open) yield* openOrLog(address())
    return yield* Effect.never
  }, Effect.scoped),
).pipe(
  Command.withDescription("Show the runs in a browser, live; Ctrl-C does not stop them"),
  Command.withExamples([
    { command: "pipeline dashboard --open", description: "Open the dashboard in a browser" },
    {
      command: "pipeline dashboard --port 0",
      description: "Print its address on any free port, for example behind ssh -L",
    },
  ]),
)
