/**
 * Which claims of a queue in a folder have lapsed: (job, its claim) -> whether another worker may take it.
 *
 * A claim of a process of this machine lapses when the process is gone. Any other has lapsed if its counter did not change during a
 * lease in which this process reached the folder without a break: no clock is compared with another machine's, and an outage of
 * the disk lapses no claim.
 */
import { Effect } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"
import * as files from "../../storage/files.ts"
import { processState } from "../../storage/lock/processIdentity.ts"
import type { JobFiles } from "./jobFiles.ts"
import type { Claimed, JobLogState } from "./jobLog.ts"
import type { Lease } from "./Queue.ts"

interface Watched {
  readonly token: string
  readonly claimNumber: number
  /** The counter of its worker. */
  readonly sign: string
  /** Since when it is the same. */
  readonly sinceMs: number
}

/** So many claims are looked at a second time within half a renewal: each of a hundred workers would look at all others. */
const mostLooks = 32

export const makeLapses = (
  { beatFile }: Pick<JobFiles, "beatFile">,
  { leaseMs, renewMs }: Lease,
  unbrokenMs: Effect.Effect<number>,
) => {
  const watched = new Map<string, Watched>()
  let watchedMs = Number.NEGATIVE_INFINITY

  const look = Effect.fnUntraced(function* (id: string, claim: Pick<Watched, "token" | "claimNumber">) {
    const { claimNumber, token } = claim
    const sign = (yield* files.readStringIfExists(beatFile(id, claimNumber))) ?? ""
    const now = yield* elapsedMs
    const before = watched.get(id)
    const isSame = before?.token === token && before.sign === sign
    const sinceMs = isSame ? before.sinceMs : now
    // Moves to the end: what was not looked at for the longest time is the first.
    watched.delete(id)
    watched.set(id, { token, claimNumber, sign, sinceMs })
    return now - sinceMs
  })

  const hasLapsed = Effect.fnUntraced(function* (
    id: string,
    { claimNumber }: JobLogState,
    { process, token }: Claimed,
  ) {
    const state = processState(process)
    if (state !== "unknown") return state === "gone"
    const silentMs = yield* look(id, { claimNumber, token })
    return Math.min(silentMs, yield* unbrokenMs) >= leaseMs
  })

  /** Looks at claims again: a worker that trains looks for no job, but must notice what falls silent. */
  const watch = Effect.gen(function* () {
    const now = yield* elapsedMs
    if (now - watchedMs < renewMs / 2) return
    watchedMs = now
    for (const [id, claim] of [...watched].slice(0, mostLooks)) yield* look(id, claim)
  })

  /** Stops watching all other jobs. In a folder that is not mounted there are none. */
  const keepOnly = (ids: ReadonlySet<string>) => {
    for (const id of watched.keys()) if (!ids.has(id)) watched.delete(id)
  }

  return { hasLapsed, watch, keepOnly }
}
