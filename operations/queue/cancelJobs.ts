/** Cancels jobs and waits until nothing trains them: (queue, ids) -> the jobs, some perhaps still `cancelling`. */
import { Effect } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"
import { isOpen } from "../../schemas/QueuedJob.ts"
import { LeaseTimes, Queue } from "./Queue.ts"

const pollMs = 300
/** A worker that lives notices within a renewal, and its process saves a checkpoint. One that is gone lapses. */
const leases = 5

export const cancelJobs = Effect.fn("cancelJobs")(function* (ids: ReadonlyArray<string>) {
  const queue = yield* Queue
  const limitMs = leases * (yield* LeaseTimes).leaseMs
  yield* queue.cancel(ids)
  const begun = yield* elapsedMs
  while (true) {
    const jobs = yield* queue.list(ids)
    if (!jobs.some(isOpen) || (yield* elapsedMs) - begun > limitMs) return jobs
    yield* Effect.sleep(pollMs)
  }
})
