import { Clock, Effect } from "effect"

/** Milliseconds on a clock that only goes forward, for measuring: the wall clock may be set while a run goes on. */
export const elapsedMs: Effect.Effect<number> = Effect.map(
  Clock.Clock.pipe(Effect.flatMap((clock) => clock.monotonicTimeNanos)),
  (nanos) => Number(nanos) / 1e6,
)
