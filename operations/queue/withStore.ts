/**
 * Trains a job whose runs are in a store: (store, job, training) -> the same training, on copies of the runs as they are now.
 *
 * An attempt begins only if this machine is the first that claims its number in the store. Before that the copies follow the store:
 * so a run that another machine still trains shows its heartbeat here, and is left to it.
 */
import { Effect, Path, Ref, Schedule, Semaphore } from "effect"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import type { QueuedJob } from "../../schemas/QueuedJob.ts"
import { AttemptRefused, ClaimAttempt } from "../../storage/attempts.ts"
import { makePuller } from "../../storage/share/pullRun.ts"
import { attemptKey, claimedAttempts } from "../../storage/share/sharedRun.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { isRunOfJob } from "./runsOfJob.ts"

/** The interval between two looks at the store before an attempt begins. */
const followMs = 2000

/** Claims the number of an attempt in the store. */
const claimIn = (store: ObjectStore, run: string, path: string, attempt: number, record: string) =>
  Effect.gen(function* () {
    const claimed = yield* claimedAttempts(store, run)
    const isFree = claimed.every((number) => number < attempt)
    if (isFree && (yield* store.create(attemptKey(run, attempt), new TextEncoder().encode(record)))) return
    return yield* new AttemptRefused({ path, attempt, reason: "another machine has taken the run" })
  }).pipe(
    Effect.catchTags({
      StoreUnavailable: ({ message }) => Effect.fail(new AttemptRefused({ path, attempt, reason: message })),
      StoreRefused: ({ message }) => Effect.fail(new AttemptRefused({ path, attempt, reason: message })),
    }),
  )

/** Waits for a store that is away. */
const persist = Effect.fnUntraced(function* <
  A,
  E extends { readonly _tag: string; readonly message: string },
  R,
>(effect: Effect.Effect<A, E, R>) {
  const stop = yield* StopSignal
  const isTold = yield* Ref.make(false)
  const stopped = Effect.flatMap(stop.awaited, () =>
    Effect.fail(new Interrupted({ signal: stop.requested() ?? "SIGTERM", during: "the wait for the store" })),
  )
  const persisting = effect.pipe(
    Effect.tapError(({ message }) =>
      Effect.flatMap(Ref.getAndSet(isTold, true), (was) =>
        was ? Effect.void : Effect.logWarning(`${message}; waiting for it`),
      ),
    ),
    Effect.retry({ schedule: Schedule.spaced(followMs), while: ({ _tag }) => _tag === "StoreUnavailable" }),
  )
  return yield* Effect.raceFirst(persisting, stopped)
})

export const withStore = Effect.fn("withStore")(function* <A, E, R>(
  store: ObjectStore,
  job: QueuedJob,
  runsDir: string,
  train: Effect.Effect<A, E, R>,
) {
  const paths = yield* Path.Path
  const { pullAll } = yield* makePuller(store, runsDir)
  const turn = yield* Semaphore.make(1)
  let hasBegun = false
  const isWanted = (run: string) => isRunOfJob(job, run)
  yield* persist(pullAll(isWanted))
  const follow = turn.withPermits(1)(
    Effect.suspend(() => (hasBegun ? Effect.void : Effect.ignore(pullAll(isWanted)))),
  )
  yield* Effect.forkScoped(Effect.repeat(follow, Schedule.spaced(followMs)))
  return yield* Effect.provideService(train, ClaimAttempt, (path, attempt, record) =>
    turn.withPermits(1)(
      Effect.suspend(() => {
        hasBegun = true
        return claimIn(store, paths.basename(path), path, attempt, record)
      }),
    ),
  )
}, Effect.scoped)
