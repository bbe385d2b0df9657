/**
 * Holds what concerns several runs in a store while this process decides: (store, runs folder, place) -> checks and deliveries.
 *
 * The store is brought up to date every few seconds. A sweep goes on while the store is away: what it decides follows from the runs,
 * so another machine decides the same if this one is lost. What must be there first waits for `deliver`. Ends with the scope: then
 * nobody holds it.
 */
import { Effect, type FileSystem, type Path, Semaphore } from "effect"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { holdRecords } from "../../storage/share/holdRecords.ts"
import { type RecordsPlace, showPlace } from "../../storage/share/recordPlaces.ts"
import { ClaimLost } from "../../storage/lock/claim.ts"
import type { ObjectStore } from "../../storage/store/ObjectStore.ts"
import { awaitStore } from "./awaitStore.ts"
import { makeReachability } from "./reachability.ts"
import { ShareInterval } from "./shareRuns.ts"

/** For how long a process that ends tries to reach the store. */
const shutdownMs = 5000

export const keepRecords = Effect.fn("keepRecords")(function* (
  store: ObjectStore,
  runsDir: string,
  place: RecordsPlace,
) {
  const intervalMs = yield* ShareInterval
  const stop = yield* StopSignal
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const what = showPlace(place)
  const { persist, reach } = yield* makeReachability("the work continues")
  const one = yield* Semaphore.make(1)
  let isLost = false
  const held = yield* awaitStore(holdRecords(store, runsDir, place))
  const release = Effect.suspend(() => (isLost ? Effect.void : one.withPermits(1)(held.release)))
  yield* Effect.addFinalizer(() =>
    Effect.interruptible(release).pipe(Effect.timeout(shutdownMs), Effect.ignore),
  )
  const publish = held.publish.pipe(
    Effect.tap((isKept) => Effect.sync(() => (isLost ||= !isKept))),
    one.withPermits(1),
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(reach(publish), Effect.sleep(intervalMs))))
  /** Fails if another process has taken it. */
  const check = Effect.suspend(() => (isLost ? Effect.fail(new ClaimLost({ what })) : Effect.void))
  /** Ends when the store has what is here now, however long it is away; a process that is to stop waits a moment. */
  const deliver = Effect.gen(function* () {
    const shutdown = Effect.as(Effect.andThen(stop.awaited, Effect.sleep(shutdownMs)), "away" as const)
    if ((yield* Effect.raceFirst(persist(publish, intervalMs), shutdown)) === "away") {
      yield* Effect.logWarning(`${store.address} does not have all of ${what} yet; the same command sends it`)
    }
    yield* check
  }).pipe(Effect.provideContext(services))
  return { check, deliver }
})

export type KeptRecords = Effect.Success<ReturnType<typeof keepRecords>>
