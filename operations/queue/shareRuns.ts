/**
 * Shares what the process of a job trains: (store, runs folder) -> how to share a job. A worker that gives it to `runWorker` needs no
 * folder that other machines see.
 *
 * It happens in the process of the worker, while another one trains, so whatever the store does, training continues. A store that is
 * away is tried again; nothing is lost, because the run is whole in its local folder.
 */
import { Context, Effect, type FileSystem, Path, type Scope, Semaphore } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"
import type { QueuedJob } from "../../schemas/QueuedJob.ts"
import { currentProcess } from "../../storage/lock/processIdentity.ts"
import { listRunNames } from "../../storage/runNames.ts"
import { attemptOf, makePublisher, type Publisher } from "../../storage/share/publishRun.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { makeReachability } from "./reachability.ts"
import { isRunOfJob } from "./runsOfJob.ts"

/** The least interval between two looks at a run, and between two tries while the store is away. */
export const ShareInterval = Context.Reference<number>("tidemark/operations/queue/ShareInterval", {
  defaultValue: () => 2000,
})
/** Sharing takes at most this part of the time. */
const share = 0.1

export interface Sharing {
  /** Looks at the store once: if another attempt has taken the run over, the process that trains it here finds that in its folder. */
  readonly look: Effect.Effect<void>
  /** Brings the store up to date, however long it is away; whether the run still belongs to the process that has trained it. */
  readonly deliver: Effect.Effect<"shared" | "taken over">
}

type Files = FileSystem.FileSystem | Path.Path

export const makeShareRuns = Effect.fnUntraced(function* (store: ObjectStore, runsDir: string) {
  const services = yield* Effect.context<Files>()
  const paths = yield* Path.Path
  const intervalMs = yield* ShareInterval
  const { persist, reach } = yield* makeReachability("training continues")

  return Effect.fnUntraced(function* (job: QueuedJob, pid: number | undefined) {
    const { bootId } = currentProcess()
    const isOwn = (process: { readonly pid: number; readonly bootId: string }) =>
      process.pid === pid && process.bootId === bootId
    const publishers = new Map<string, Publisher>()
    const semaphore = yield* Semaphore.make(1)
    let isOver = false

    /** The runs that the process has begun or resumed. */
    const findRuns = Effect.gen(function* () {
      for (const run of yield* listRunNames(runsDir)) {
        if (publishers.has(run) || !isRunOfJob(job, run)) continue
        const path = paths.join(runsDir, run)
        const attempt = yield* attemptOf(path, isOwn)
        if (attempt !== undefined) publishers.set(run, yield* makePublisher(store, path, attempt))
      }
    })

    const shareAll = (isLast: boolean) =>
      Effect.gen(function* () {
        yield* findRuns
        const kept = yield* Effect.forEach([...publishers.values()], ({ publish }) => publish(isLast))
        return kept.every(Boolean) ? ("shared" as const) : ("taken over" as const)
      }).pipe(Effect.provideContext(services))

    const shareNow = Effect.gen(function* () {
      const begun = yield* elapsedMs
      if (!isOver) yield* reach(shareAll(false))
      return (yield* elapsedMs) - begun
    })
    const loop = Effect.gen(function* () {
      const took = yield* semaphore.withPermits(1)(shareNow)
      yield* Effect.sleep(Math.max(intervalMs, took / share))
    })
    yield* Effect.forkScoped(Effect.forever(loop))
    const deliver = Effect.suspend(() => {
      isOver = true
      return semaphore.withPermits(1)(persist(shareAll(true), intervalMs))
    })
    const lookAll = Effect.andThen(
      findRuns,
      Effect.suspend(() => Effect.forEach([...publishers.values()], ({ findTakeOver }) => findTakeOver)),
    ).pipe(Effect.provideContext(services))
    const look = Effect.asVoid(semaphore.withPermits(1)(reach(lookAll)))
    return { look, deliver } satisfies Sharing as Sharing
  })
})

export type ShareRuns = (
  job: QueuedJob,
  pid: number | undefined,
) => Effect.Effect<Sharing, never, Scope.Scope>
