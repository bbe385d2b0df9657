/** Logs once that a queue is away, and once that it is back: (what happens meanwhile) -> how to watch calls of the queue. */
import { Effect, Option, Ref, Schedule } from "effect"
import type { QueueUnavailable } from "./Queue.ts"

export const makeReachability = Effect.fnUntraced(function* (meanwhile: string) {
  const isAway = yield* Ref.make(false)
  const away = (error: QueueUnavailable) =>
    Effect.flatMap(Ref.getAndSet(isAway, true), (was) =>
      was ? Effect.void : Effect.logWarning(`${error.message}; ${meanwhile}`),
    )
  const back = Effect.flatMap(Ref.getAndSet(isAway, false), (was) =>
    was ? Effect.logInfo("the queue is back") : Effect.void,
  )
  const watch = <A>(effect: Effect.Effect<A, QueueUnavailable>) =>
    effect.pipe(Effect.tap(back), Effect.tapError(away))
  return {
    /** Undefined while the queue is away. */
    reach: <A>(effect: Effect.Effect<A, QueueUnavailable>) =>
      Effect.map(Effect.option(watch(effect)), Option.getOrUndefined),
    /** Tries again until the queue is back. */
    persist: <A>(effect: Effect.Effect<A, QueueUnavailable>, retryMs: number) =>
      watch(effect).pipe(Effect.retry(Schedule.spaced(retryMs)), Effect.orDie),
  }
})

export type Reachability = Effect.Success<ReturnType<typeof makeReachability>>
