/** `pipeline resume RUN`: resumes a run from its newest checkpoint. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { engineToResume } from "../../engines/onDevice.ts"
import { engines } from "../../schemas/EngineInfo.ts"
import { engineOf, findRun } from "../../storage/runDirectory.ts"
import { tryWriteReportPage } from "../../views/report/tryWriteReportPage.ts"
import { isOpen } from "../../schemas/QueuedJob.ts"
import { FlagRefused } from "../FlagRefused.ts"
import { openQueueIfGiven, pullIfStored, queueFlag, shareIfStored, storeFlag } from "../queueFlag.ts"
import { refuseFlag } from "../deviceFlag.ts"
import { device, json, runsDir, threads, wholeNumber } from "../flags.ts"

const run = Argument.String("run").pipe(
  Argument.withDescription("Run: an id, its first or last characters, a path, or `latest`"),
)

const iterations = wholeNumber("iterations", 1).pipe(
  Flag.withDescription("Train a finished run further, to iteration N in all"),
  Flag.optional,
)

const allowEngineChange = Flag.Boolean("allow-engine-change").pipe(
  Flag.withDescription(
    "Resume although the engine, its version or its processor path changed: the result is not exact to the bit",
  ),
  Flag.withDefault(false),
)
const otherEngine = Flag.Literals("engine", engines).pipe(
  Flag.withDescription("Resume on this engine instead of the run's own; needs --allow-engine-change"),
  Flag.optional,
)

const otherDevice = device.pipe(
  Flag.withDescription(
    "Resume on the processor (cpu) or on a GPU (gpu) instead of the run's own device, with --allow-engine-change; auto keeps it",
  ),
)

const flags = {
  run,
  runsDir,
  iterations,
  engine: otherEngine,
  device: otherDevice,
  threads,
  allowEngineChange,
  queue: queueFlag,
  store: storeFlag,
  json,
}
type Options = Command.Command.Config.Infer<typeof flags>

/** Lets a worker of a queue resume it. A run that is queued but not begun has no folder yet: it is followed by its whole name. */
const resumeInQueue = Effect.fnUntraced(function* (options: Options) {
  const refused = {
    "--iterations": Option.isSome(options.iterations),
    "--engine": Option.isSome(options.engine),
    "--device": Option.isSome(options.device),
    "--allow-engine-change": options.allowEngineChange,
  }
  const flag = Object.entries(refused).find(([, isGiven]) => isGiven)?.[0]
  if (flag !== undefined) {
    const reason = "a worker of --queue resumes the run as it was begun"
    return yield* new FlagRefused({ flag, reason })
  }
  const opened = yield* openQueueIfGiven(options)
  if (opened === undefined) return
  const { queue } = opened
  const { run: name, runsDir } = options
  const { jobIdOfRun } = yield* Effect.promise(() => import("../../operations/queue/makeJob.ts"))
  const { followQueued, trainQueued } = yield* Effect.promise(() => import("./run/queued.ts"))
  const [listed] = yield* queue.list([jobIdOfRun(name)])
  if (listed !== undefined && isOpen(listed)) return yield* followQueued(queue, name, options)
  const { queuedTarget } = yield* Effect.promise(() => import("../../operations/resume/queuedTarget.ts"))
  yield* pullIfStored(options.store, runsDir, name)
  const found = yield* findRun(runsDir, name)
  yield* shareIfStored(options.store, found)
  yield* trainQueued(queue, queuedTarget(found), "auto", options)
}, Effect.scoped)

export const resume = Command.make(
  "resume",
  flags,
  Effect.fn("resume")(function* (options) {
    if (Option.isSome(options.queue) || Option.isSome(options.store)) {
      return yield* resumeInQueue(options).pipe(Effect.provide(StopSignal.layer))
    }
    const { allowEngineChange, iterations, json, run: name, runsDir, threads } = options
    const run = yield* findRun(runsDir, name)
    const { resumeToEnd } = yield* Effect.promise(() => import("../../operations/resume/resume.ts"))
    const { isNew, report } = yield* resumeToEnd(run, {
      iterations: Option.getOrUndefined(iterations),
      engine: yield* refuseFlag(
        engineToResume(engineOf(run), {
          engine: Option.getOrUndefined(options.engine),
          device: Option.getOrUndefined(options.device),
        }),
      ),
      threads: Option.getOrUndefined(threads),
      allowEngineChange,
    }).pipe(Effect.provide(StopSignal.layer))
    if (!isNew) {
      yield* Effect.logInfo(
        `${run.identity.id} is finished; to train it further, add --iterations N, the number of iterations in all`,
      )
    }
    const { printReport } = yield* Effect.promise(() => import("../render/printReport.ts"))
    yield* printReport(report, run.path, json)
    if (isNew) yield* tryWriteReportPage(run.path)
  }),
).pipe(
  Command.withDescription("Resume a run from its newest checkpoint"),
  Command.withExamples([
    { command: "pipeline resume latest", description: "Resume the newest run" },
    {
      command: "pipeline resume 20261122T02 --iterations 40000",
      description: "Train a finished run further",
    },
  ]),
)
