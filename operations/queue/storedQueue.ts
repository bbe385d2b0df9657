/**
 * A queue whose runs are in a store: (queue, store, runs folder) -> the same queue. A job is listed as ended when its runs are in the
 * runs folder, so whoever waits for it finds them there, as in a folder that the workers share.
 */
import { Effect, type FileSystem, type Path } from "effect"
import { isOpen, type QueuedJob } from "../../schemas/QueuedJob.ts"
import { makePuller } from "../../storage/share/pullRun.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { Queue, QueueUnavailable } from "./Queue.ts"
import { isRunOfJob } from "./runsOfJob.ts"

export const makeStoredQueue = Effect.fnUntraced(function* (
  queue: Queue["Service"],
  store: ObjectStore,
  runsDir: string,
) {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const { pullAll } = yield* makePuller(store, runsDir)
  const submitted = new Map<string, QueuedJob>()
  const copied = new Set<string>()

  const copyRuns = (isWanted: (run: string) => boolean) =>
    pullAll(isWanted).pipe(
      Effect.mapError((error) => {
        const reason = error._tag === "StorageFailed" ? error.message : error.reason
        const advice = error._tag === "StoreRefused" ? `; ${error.advice}` : ""
        return new QueueUnavailable({
          queue: queue.address,
          store: store.address,
          reason: `${reason}${advice}`,
        })
      }),
      Effect.provideContext(services),
    )

  return Queue.of({
    ...queue,
    submit: (jobs) => {
      for (const job of jobs) {
        submitted.set(job.id, job)
        copied.delete(job.id)
      }
      return queue.submit(jobs)
    },
    list: Effect.fnUntraced(function* (ids?: ReadonlyArray<string>) {
      const listed = yield* queue.list(ids)
      if (ids === undefined) return listed
      const ended = listed.filter((job) => !isOpen(job) && !copied.has(job.id))
      if (ended.length === 0) return listed
      yield* copyRuns((run) =>
        ended.some(({ id, outcome }) => {
          const job = submitted.get(id)
          return job === undefined ? run === outcome?.run : isRunOfJob(job, run)
        }),
      )
      for (const { id } of ended) copied.add(id)
      return listed
    }),
  })
})
