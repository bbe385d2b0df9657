/**
 * Trains a job whose runs are in a store: (store, job, training) -> the same training, on copies of the runs as they are now.
 *
 * An attempt begins only if this machine is the first that claims its number in the store. Before that the copies follow the store:
 * so a run that another machine still trains shows its heartbeat here, and is left to it.
 */
import { Effect, type FileSystem, Path, Schedule, Semaphore } from "effect"
import type { QueuedJob } from "../../schemas/QueuedJob.ts"
import { AttemptRefused, ClaimAttempt } from "../../storage/attempts.ts"
import { makePuller, type Puller } from "../../storage/share/pullRun.ts"
import { attemptKey, claimedAttempts } from "../../storage/share/sharedRun.ts"
import { readRun } from "../../storage/runDirectory.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { awaitStore } from "./awaitStore.ts"
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

/** Copies the parents of a fork: their records tell which images they were trained on. */
const copyLineage = Effect.fnUntraced(function* (
  pullAll: Puller["pullAll"],
  job: QueuedJob,
  runsDir: string,
) {
  const paths = yield* Path.Path
  for (let parent = job.parent; parent !== undefined;) {
    const { run } = parent
    yield* pullAll((name) => name === run)
    const read = yield* readRun(paths.join(runsDir, run)).pipe(Effect.option)
    parent = read._tag === "None" ? undefined : read.value.identity.parent
  }
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
  yield* awaitStore(pullAll(isWanted))
  yield* awaitStore(copyLineage(pullAll, job, runsDir))
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
