/**
 * Trains one run by the workers of a queue: (queue, its id) -> how its job ended, and its report.
 *
 * Ending this process cancels nothing. A run whose job is in the queue already is followed.
 */
import { Effect, Path, Schema } from "effect"
import { observe } from "../../inspect/liveRun.ts"
import { Display } from "../../pipeline/Display.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { Failure } from "../../schemas/Failure.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { isOpen, type JobOutcome, type ListedJob } from "../../schemas/QueuedJob.ts"
import { readHeader } from "../../storage/runHeader.ts"
import { readReport } from "../../storage/report.ts"
import { jobIdOfRun } from "./makeJob.ts"
import type { Queue } from "./Queue.ts"
import { makeReachability } from "./reachability.ts"

/** The interval between two looks. */
const pollMs = 500

/** The workers of a queue did not train the run. */
export class NotTrained extends Failure<NotTrained>()("NotTrained", {
  exitCode: ({ exitCode }) => exitCode,
  fields: { run: Schema.String, status: Schema.String, reason: Schema.String, exitCode: Schema.Int },
  message: ({ reason, run, status }) =>
    status === "cancelled" ? `${run} was cancelled in the queue: ${reason}` : `${run} failed: ${reason}`,
}) {}

const describe = ({ reason, state, worker }: ListedJob) => {
  if (state === "running") return worker === null ? "a worker trains it" : `trained by ${worker}`
  if (state === "cancelling") return "it is being cancelled"
  return reason === "" ? "queued" : `queued again: ${reason}`
}

/** Shows how far the run is, from its files; nothing before it is created. */
const makeProgress = (path: string) => {
  let live: Effect.Success<ReturnType<typeof observe>> | undefined
  let shown = 0
  return Effect.gen(function* () {
    const display = yield* Display
    live = yield* observe(path, live)
    const { iteration, total, trainingLoss } = live
    const loss = trainingLoss.at(-1)
    // Before the first row of metrics is there, nothing is known.
    if (total === null || loss === undefined || iteration === shown) return
    const { batchSize } = (yield* readHeader(path)).experiment
    if (typeof batchSize !== "number") return
    shown = iteration
    yield* display.progress({ iteration, total, batchSize, loss })
  }).pipe(Effect.ignore)
}

/** Follows the job of a run until it has ended: its outcome. While the queue is away, it waits on. */
export const followJob = Effect.fn("followJob")(
  function* (queue: Queue["Service"], run: string, runsDir: string) {
    const stop = yield* StopSignal
    const { reach } = yield* makeReachability("waiting for it")
    const showProgress = makeProgress((yield* Path.Path).join(runsDir, run))
    let described = ""
    while (true) {
      const signal = stop.requested()
      if (signal !== undefined) {
        return yield* new Interrupted({
          signal,
          during: "the wait for a queued training, which stays in the queue",
        })
      }
      const [listed] = (yield* reach(queue.list([jobIdOfRun(run)]))) ?? []
      if (listed !== undefined && !isOpen(listed) && listed.outcome !== null) return listed.outcome
      const now = listed === undefined ? described : describe(listed)
      if (now !== described) yield* Effect.logInfo(now)
      described = now
      yield* showProgress
      yield* Effect.raceFirst(Effect.sleep(pollMs), stop.awaited)
    }
  },
  (effect) =>
    Effect.ensuring(
      effect,
      Effect.flatMap(Display, (display) => Effect.sync(() => display.clear())),
    ),
)

/** The report of a run whose job has ended. */
export const reportOfOutcome = Effect.fnUntraced(function* (
  { exitCode, reason, status }: JobOutcome,
  run: string,
  runsDir: string,
) {
  const path = (yield* Path.Path).join(runsDir, run)
  if (status !== "finished") return yield* new NotTrained({ run, status, reason, exitCode })
  const report = yield* readReport(path)
  if (report !== undefined) return { report, path }
  const missing = `it was trained, but ${runsDir} has no such run; give the folder that the workers have`
  return yield* new NotTrained({ run, status: "failed", reason: missing, exitCode: exitCodes.noInput })
})
