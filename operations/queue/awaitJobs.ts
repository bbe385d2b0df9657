/**
 * Submits jobs and waits until they have ended: (queue, jobs) -> the outcome of each as soon as it is known.
 *
 * While the queue is away it waits on: workers train on, and deliver later. Ending this process cancels nothing.
 */
import { Effect } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { isOpen, type QueuedJob, type JobOutcome } from "../../schemas/QueuedJob.ts"
import type { Queue } from "./Queue.ts"
import { makeReachability } from "./reachability.ts"

/** The interval between two looks. */
const pollMs = 500
/** Of thousands of jobs, a look takes longer: this much of the time may be spent on looking. */
const mostOfTime = 0.1

export const awaitJobs = Effect.fn("awaitJobs")(function* <E, R>(
  queue: Queue["Service"],
  jobs: ReadonlyArray<QueuedJob>,
  onEnded: (job: QueuedJob, outcome: JobOutcome) => Effect.Effect<void, E, R>,
) {
  const stop = yield* StopSignal
  const waiting = new Map(jobs.map((job) => [job.id, job]))
  if (waiting.size === 0) return
  yield* queue.submit(jobs)
  yield* Effect.logInfo(`queued at ${queue.address}: ${jobs.length}`)
  const { reach } = yield* makeReachability("waiting for it")
  while (waiting.size > 0) {
    const signal = stop.requested()
    if (signal !== undefined) {
      return yield* new Interrupted({
        signal,
        during: "the wait for queued trainings, which stay in the queue",
      })
    }
    const begun = yield* elapsedMs
    const listed = (yield* reach(queue.list([...waiting.keys()]))) ?? []
    const tookMs = (yield* elapsedMs) - begun
    for (const ended of listed) {
      const job = waiting.get(ended.id)
      if (job === undefined || isOpen(ended) || ended.outcome === null) continue
      waiting.delete(ended.id)
      yield* onEnded(job, ended.outcome)
    }
    const pauseMs = Math.max(pollMs, tookMs / mostOfTime)
    if (waiting.size > 0) yield* Effect.raceFirst(Effect.sleep(pauseMs), stop.awaited)
  }
})
