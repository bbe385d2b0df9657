/**
 * Since when a queue has been reached without a break: (longest gap between two calls) -> how to watch a call, the time since.
 *
 * A process that cannot look learns nothing about other workers: what was silent during an outage, or while this machine
 * slept, may live.
 */
import { Effect } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"

export const makeConnection = (longestGapMs: number) => {
  let sinceMs: number | undefined
  let lastMs = 0
  const watch = Effect.fnUntraced(function* <A, E, R>(call: Effect.Effect<A, E, R>) {
    const result = yield* Effect.tapError(call, () => Effect.sync(() => (sinceMs = undefined)))
    const now = yield* elapsedMs
    if (sinceMs === undefined || now - lastMs > longestGapMs) sinceMs = now
    lastMs = now
    return result
  })
  /** A gap since the last call counts too: a call that has begun may have waited for the disk. */
  const unbrokenMs = Effect.map(elapsedMs, (now) =>
    sinceMs === undefined || now - lastMs > longestGapMs ? 0 : now - sinceMs,
  )
  return { watch, unbrokenMs }
}
