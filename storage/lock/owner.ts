/**
 * Whether the process that holds a lock still lives: (lock file, its process) -> alive or not.
 *
 * A process of this machine is looked at. One that cannot be looked at (another machine, another container, hidden) is watched:
 * it is alive if its sign of life changes within half a minute. No clock is compared with another machine's.
 */
import { Clock, Context, Effect } from "effect"
import type { ProcessIdentity } from "../../schemas/Run.ts"
import { lastSignMs, heartbeatMs, signOfLife } from "./heartbeat.ts"
import { processState } from "./processIdentity.ts"

/** A process without a heartbeat for this long counts as gone. */
export const silenceMs = 6 * heartbeatMs
/** The same where a process asks that knows from elsewhere that the owner is silent. */
export const silenceLimitMs = Context.Reference<number>("tidemark/storage/lock/silenceLimitMs", {
  defaultValue: () => silenceMs,
})
/** The interval between two reads of the heartbeat. */
const pollMs = 500

/**
 * Whether the owner of a lock lives. This takes up to half a minute if its process is not visible from here, so it is used only
 * before a take-over or a removal. `what` is in the line that is logged during that time.
 */
export const isAlive = Effect.fn("isAlive")(function* (what: string, lock: string, owner: ProcessIdentity) {
  const state = processState(owner)
  if (state !== "unknown") return state === "alive"
  const before = yield* signOfLife(lock)
  const limitMs = yield* silenceLimitMs
  yield* Effect.logInfo(
    `${what} is held by process ${owner.pid} on ${owner.host}, which cannot be seen from here; waiting up to ${limitMs / 1000} s for a sign of life`,
  )
  for (let waited = 0; waited < limitMs; waited += pollMs) {
    yield* Effect.sleep(pollMs)
    if ((yield* signOfLife(lock)) !== before) return true
  }
  return false
})

/**
 * Whether the owner seems to live, at once, for a listing: one that cannot be looked at, by the age of its last sign on this
 * machine's clock. Nothing is taken or removed on its word.
 */
export const seemsAlive = Effect.fnUntraced(function* (lock: string, owner: ProcessIdentity) {
  const state = processState(owner)
  if (state !== "unknown") return state === "alive"
  const sign = yield* lastSignMs(lock)
  return sign !== undefined && Math.abs((yield* Clock.currentTimeMillis) - sign) < silenceMs
})
