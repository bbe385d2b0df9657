/** Lets the workers of a queue train one run, and follows it: (job, queue) -> its report on standard output. */
import { Effect, Path } from "effect"
import { followJob, reportOfOutcome } from "../../../operations/queue/runInQueue.ts"
import { makeJob } from "../../../operations/queue/makeJob.ts"
import type { Queue } from "../../../operations/queue/Queue.ts"
import type { Target } from "../../../operations/trainTo.ts"
import { resumeHint } from "../../../pipeline/resumeHint.ts"
import type { EngineName } from "../../../schemas/EngineInfo.ts"
import { type QueueFlags, queueWords } from "../../queueFlag.ts"
import { printReport } from "../../render/printReport.ts"

export interface FollowOptions extends Pick<QueueFlags, "queue" | "store"> {
  readonly runsDir: string
  readonly json: boolean
}

/** Follows the job of a run that is in the queue. */
export const followQueued = Effect.fnUntraced(function* (
  queue: Queue["Service"],
  run: string,
  options: FollowOptions,
) {
  const { json, runsDir } = options
  const folder = runsDir === "runs" ? [] : ["--runs-dir", runsDir]
  const outcome = yield* followJob(queue, run, runsDir).pipe(
    resumeHint("resume", run, ...folder, ...queueWords(options)),
  )
  const { path, report } = yield* reportOfOutcome(outcome, run, runsDir)
  yield* printReport(report, path, json)
})

/** Queues a run, unless it is in the queue, and follows it. */
export const trainQueued = Effect.fnUntraced(function* (
  queue: Queue["Service"],
  target: Target & { readonly run: string },
  engine: EngineName,
  options: FollowOptions,
) {
  const { run } = target
  yield* queue.submit([yield* makeJob(target, { what: `run ${run}`, engine })])
  yield* Effect.logInfo(`queued at ${queue.address}: run ${(yield* Path.Path).join(options.runsDir, run)}`)
  yield* followQueued(queue, run, options)
})
