/**
 * Cancels jobs and waits until nothing trains them: (queue, ids) -> the jobs. Some are perhaps still `cancelling`; those that a newer
 * version has written are as before.
 */
import { Effect } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"
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
    const isWaiting = jobs.some(({ state }) => state === "cancelling")
    if (!isWaiting || (yield* elapsedMs) - begun > limitMs) return jobs
    yield* Effect.sleep(pollMs)
  }
})
