import { Clock, Effect } from "effect"

/** Milliseconds on a monotonic clock, for measuring: the wall clock may be set during a run. */
export const elapsedMs: Effect.Effect<number> = Effect.map(
  Clock.Clock.pipe(Effect.flatMap((clock) => clock.monotonicTimeNanos)),
  (nanos) => Number(nanos) / 1e6,
)
