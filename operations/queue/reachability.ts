/**
 * Logs once that a queue, a store or a disk is away, and once that it is back: (what happens meanwhile) -> how to watch calls that
 * need it.
 */
import { Effect, Option, Ref, Schedule } from "effect"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import type { StoreError } from "../../storage/store/ObjectStore.ts"
import type { QueueUnavailable } from "./Queue.ts"

type Away = QueueUnavailable | StoreError | StorageFailed

const nameOf = (error: Away) => {
  if (error._tag === "StorageFailed") return "the disk"
  return error.store === undefined ? "the queue" : "the store"
}

export const makeReachability = Effect.fnUntraced(function* (meanwhile: string) {
  const whatIsAway = yield* Ref.make<string | undefined>(undefined)
  const away = (error: Away) =>
    Effect.flatMap(Ref.getAndSet(whatIsAway, nameOf(error)), (was) =>
      was === undefined ? Effect.logWarning(`${error.message}; ${meanwhile}`) : Effect.void,
    )
  const back = Effect.flatMap(Ref.getAndSet(whatIsAway, undefined), (was) =>
    was === undefined ? Effect.void : Effect.logInfo(`${was} is back`),
  )
  const watch = <A, E extends Away, R>(effect: Effect.Effect<A, E, R>) =>
    effect.pipe(Effect.tap(back), Effect.tapError(away))
  return {
    /** Undefined while it is away. */
    reach: <A, E extends Away, R>(effect: Effect.Effect<A, E, R>) =>
      Effect.map(Effect.option(watch(effect)), Option.getOrUndefined),
    /** Tries again until it is back. */
    persist: <A, E extends Away, R>(effect: Effect.Effect<A, E, R>, retryMs: number) =>
      watch(effect).pipe(Effect.retry(Schedule.spaced(retryMs)), Effect.orDie),
  }
})

export type Reachability = Effect.Success<ReturnType<typeof makeReachability>>
