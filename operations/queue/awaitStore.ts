/** Uses a store, and waits while it is away: (effect) -> its result. Any other failure ends the wait, and so does a stop. */
import { Effect, Result } from "effect"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { StoreUnavailable } from "../../storage/store/ObjectStore.ts"
import { makeReachability } from "./reachability.ts"

/** The interval between two tries. */
const retryMs = 2000

export const awaitStore = Effect.fnUntraced(function* <A, E, R>(using: Effect.Effect<A, E, R>) {
  const stop = yield* StopSignal
  const { persist } = yield* makeReachability("waiting for it")
  const stopped = Effect.flatMap(stop.awaited, () =>
    Effect.fail(new Interrupted({ signal: stop.requested() ?? "SIGTERM", during: "the wait for the store" })),
  )
  const unlessAway = using.pipe(
    Effect.map((value): Result.Result<A, E> => Result.succeed(value)),
    Effect.catch((error) =>
      error instanceof StoreUnavailable
        ? Effect.fail(error)
        : Effect.succeed<Result.Result<A, E>>(Result.fail(error)),
    ),
  )
  const result = yield* Effect.raceFirst(persist(unlessAway, retryMs), stopped)
  return yield* Effect.fromResult(result)
})
