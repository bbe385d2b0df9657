/**
 * Trains a job whose runs are in a store: (store, job, training) -> the same training, on copies of the runs as they are now.
 *
 * An attempt begins only if this machine is the first that claims its number in the store. Before that the copies follow the store:
 * so a run that another machine still trains shows its heartbeat here, and is left to it.
 */
import { Effect, type FileSystem, Path, Schedule, Semaphore } from "effect"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import type { QueuedJob } from "../../schemas/QueuedJob.ts"
import { AttemptRefused, ClaimAttempt } from "../../storage/attempts.ts"
import { makePuller, type Puller } from "../../storage/share/pullRun.ts"
import { attemptKey, claimedAttempts } from "../../storage/share/sharedRun.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import type { ObjectStore, StoreError } from "../../storage/store/ObjectStore.ts"
import { makeReachability } from "./reachability.ts"
import { isRunOfJob } from "./runsOfJob.ts"

/** The interval between two looks at the store before an attempt begins. */
const followMs = 2000

/**
 * Claims the number of an attempt in the store. Of a run that another machine has taken, its attempts are copied: one of a machine
 * that died before it published anything is in no head, and the next try here has to see that it is silent.
 */
const claimIn = (
  store: ObjectStore,
  pullClaims: Puller["pullClaims"],
  run: string,
  path: string,
  attempt: number,
  record: string,
) =>
  Effect.gen(function* () {
    const claimed = yield* claimedAttempts(store, run)
    const isFree = claimed.every((number) => number < attempt)
    if (isFree && (yield* store.create(attemptKey(run, attempt), new TextEncoder().encode(record)))) return
    yield* pullClaims(run, attempt - 1)
    return yield* new AttemptRefused({ path, attempt, reason: "another machine has taken the run" })
  }).pipe(
    Effect.catchTag(["StoreUnavailable", "StoreRefused", "StorageFailed"], ({ message }) =>
      Effect.fail(new AttemptRefused({ path, attempt, reason: message })),
    ),
  )

/** Copies runs, and waits for a store that is away; any other failure ends the wait. */
const persist = Effect.fnUntraced(function* <A, R>(pulling: Effect.Effect<A, StoreError | StorageFailed, R>) {
  const stop = yield* StopSignal
  const reachability = yield* makeReachability("waiting for it")
  const stopped = Effect.flatMap(stop.awaited, () =>
    Effect.fail(new Interrupted({ signal: stop.requested() ?? "SIGTERM", during: "the wait for the store" })),
  )
  const unlessAway = pulling.pipe(
    Effect.map((pulled) => Effect.succeed(pulled)),
    Effect.catchTag(["StoreRefused", "StorageFailed"], (error) => Effect.succeed(Effect.fail(error))),
  )
  const persisting = Effect.flatten(reachability.persist(unlessAway, followMs))
  return yield* Effect.raceFirst(persisting, stopped)
})

export const withStore = Effect.fn("withStore")(function* <A, E, R>(
  store: ObjectStore,
  job: QueuedJob,
  runsDir: string,
  train: Effect.Effect<A, E, R>,
) {
  const paths = yield* Path.Path
  const { pullAll, pullClaims } = yield* makePuller(store, runsDir)
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const semaphore = yield* Semaphore.make(1)
  let hasBegun = false
  const isWanted = (run: string) => isRunOfJob(job, run)
  yield* persist(pullAll(isWanted))
  const follow = semaphore.withPermits(1)(
    Effect.suspend(() => (hasBegun ? Effect.void : Effect.ignore(pullAll(isWanted)))),
  )
  yield* Effect.forkScoped(Effect.repeat(follow, Schedule.spaced(followMs)))
  return yield* Effect.provideService(train, ClaimAttempt, (path, attempt, record) =>
    semaphore.withPermits(1)(
      Effect.suspend(() => {
        hasBegun = true
        const claiming = claimIn(store, pullClaims, paths.basename(path), path, attempt, record)
        return Effect.provideContext(claiming, services)
      }),
    ),
  )
}, Effect.scoped)
