/**
 * The heartbeat of the process that holds a lock file: (lock file) -> a growing counter in `<name>.heartbeat`.
 *
 * A worker thread writes it, because a call into an engine may block the main thread for minutes. Readers compare the counter
 * with an earlier one, and never a time with their own clock, so wrong clocks do no harm.
 */
import { Worker } from "node:worker_threads"
import { Effect, Path } from "effect"
import * as files from "../files.ts"

/** The interval between two heartbeats. */
export const heartbeatMs = 5000

/** attempts/0001.json -> attempts/0001.heartbeat */
export const heartbeatFile = (lock: string) => lock.replace(/\.json$/, ".heartbeat")

/** Writes heartbeats for the lock file at `lock` until the scope ends. */
export const keepBeating = Effect.fnUntraced(function* (lock: string, everyMs = heartbeatMs) {
  const path = heartbeatFile(lock)
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const worker = new Worker(new URL("heartbeatWorker.ts", import.meta.url), {
        workerData: { path, everyMs },
      })
      // Without the thread, processes on the same machine still see that the owner lives.
      worker.on("error", () => {})
      worker.unref()
      return worker
    }),
    (worker) =>
      Effect.promise(() => worker.terminate()).pipe(Effect.andThen(files.remove(path)), Effect.ignore),
  )
})

/** The same for a lock that is mostly held for moments: a thread costs some 50 ms, so it starts a second later. */
export const keepBeatingSoon = (lock: string) =>
  Effect.sleep("1 second").pipe(
    Effect.andThen(keepBeating(lock)),
    Effect.andThen(Effect.never),
    Effect.scoped,
    Effect.forkScoped,
  )

/** What changes while the owner of a lock lives: its counter, and the lock file itself, which older versions touch. */
export const signOfLife = Effect.fnUntraced(function* (lock: string) {
  const counter = yield* files.readStringIfExists(heartbeatFile(lock)).pipe(Effect.orElseSucceed(() => ""))
  const file = yield* files.stat(lock).pipe(Effect.orElseSucceed(() => undefined))
  return `${counter ?? ""} ${file?.modifiedMs ?? ""}`
})

/** The time of the last heartbeat, by the clock of the disk; undefined if there are no files. */
export const lastSignMs = Effect.fnUntraced(function* (lock: string) {
  const [beat, file] = [yield* files.stat(heartbeatFile(lock)), yield* files.stat(lock)]
  return beat === undefined ? file?.modifiedMs : Math.max(beat.modifiedMs, file?.modifiedMs ?? 0)
})

/** Deletes the counters of earlier locks in the folder of `lock`: their processes have lost it. */
export const removeOlderHeartbeats = Effect.fnUntraced(function* (lock: string) {
  const paths = yield* Path.Path
  const own = paths.basename(heartbeatFile(lock))
  for (const name of yield* files.list(paths.dirname(lock))) {
    if (/^\d+\.heartbeat$/.test(name) && name < own)
      yield* files.remove(paths.join(paths.dirname(lock), name))
  }
})
