/**
 * Holds what concerns several runs in a store, for the one process that decides: (store, runs folder, place) -> a way to bring the
 * store up to date.
 *
 * Taking it copies the newest files here first, so whoever takes over continues where the holder before it stopped. A holder that is
 * not visible from here is watched: it lives if it replaces its object within half a minute. One that wakes up later finds that its
 * version is gone, and changes nothing.
 */
import { randomUUID } from "node:crypto"
import { DateTime, Effect } from "effect"
import { elapsedMs } from "../../format/elapsed.ts"
import type { RecordsHolder } from "../../schemas/SharedRecords.ts"
import { RunLocked } from "../attempts.ts"
import { heartbeatMs } from "../lock/heartbeat.ts"
import { silenceLimitMs } from "../lock/owner.ts"
import { currentProcess, processState } from "../lock/processIdentity.ts"
import type { ObjectStore } from "../store/ObjectStore.ts"
import { writeNote } from "./copyNote.ts"
import { copyRecords } from "./pullRecords.ts"
import { areEqual, readPlace, type RecordFiles, type RecordsPlace, showPlace } from "./recordPlaces.ts"
import { type FoundRecords, readRecords, replaceRecords } from "./sharedRecords.ts"

/** The interval between two reads of a holder that is watched. */
const watchMs = 1000

/** Fails if another process holds it, and gives signs of life. */
const awaitSilence = Effect.fnUntraced(function* (
  store: ObjectStore,
  place: RecordsPlace,
  { version }: FoundRecords,
  { process, since, token }: RecordsHolder,
) {
  const what = `${showPlace(place)} in ${store.address}`
  const state = processState(process)
  if (state === "gone") return
  const locked = new RunLocked({ path: what, process, since })
  if (state === "alive") return yield* locked
  const limitMs = yield* silenceLimitMs
  yield* Effect.logInfo(
    `${what} is held by process ${process.pid} on ${process.host}, which cannot be seen from here; waiting up to ${limitMs / 1000} s for a sign of life`,
  )
  for (let waited = 0; waited < limitMs; waited += watchMs) {
    yield* Effect.sleep(Math.min(watchMs, limitMs - waited))
    const now = yield* readRecords(store, place)
    if (now?.version === version) continue
    // It was released, or another process has taken it meanwhile: that is looked at anew.
    if (now?.records.holder?.token !== token) return
    return yield* locked
  }
})

/** Takes it as soon as no other process holds it, with the newest files copied here. */
const take = Effect.fnUntraced(function* (store: ObjectStore, runsDir: string, place: RecordsPlace) {
  while (true) {
    const found = yield* readRecords(store, place)
    const before = found?.records.holder ?? null
    if (found !== undefined && before !== null) yield* awaitSilence(store, place, found, before)
    if (found !== undefined) yield* copyRecords(store, runsDir, place, found)
    const since = DateTime.formatIso(yield* DateTime.now)
    const holder: RecordsHolder = { token: randomUUID(), process: currentProcess(), since, beat: 0 }
    const files = yield* readPlace(runsDir, place)
    const taken = yield* replaceRecords(store, place, { formatVersion: 1, holder, files }, found)
    if (taken?.records.holder?.token === holder.token) return { taken, holder }
  }
})

export const holdRecords = Effect.fn("holdRecords")(function* (
  store: ObjectStore,
  runsDir: string,
  place: RecordsPlace,
) {
  const { holder, taken } = yield* take(store, runsDir, place)
  yield* writeNote(runsDir, place.name, store, taken)
  let known: FoundRecords = taken
  let beat = 0
  let writtenMs = yield* elapsedMs

  /** `next`: who holds it afterwards. False if another process has taken it. */
  const replace = Effect.fnUntraced(function* (next: RecordsHolder | null, files: RecordFiles) {
    while (true) {
      const written = yield* replaceRecords(store, place, { formatVersion: 1, holder: next, files }, known)
      if (written !== undefined) {
        known = written
        writtenMs = yield* elapsedMs
        yield* writeNote(runsDir, place.name, store, written)
        return true
      }
      const found = yield* readRecords(store, place)
      if (found?.records.holder?.token !== holder.token) return false
      known = found
    }
  })

  /** Brings the store up to date; false if another process has taken it. Nothing is written if nothing changed a moment ago. */
  const publish = Effect.gen(function* () {
    const files = yield* readPlace(runsDir, place)
    const isDue = (yield* elapsedMs) - writtenMs >= heartbeatMs
    if (!isDue && areEqual(files, known.records.files)) return true
    return yield* replace({ ...holder, beat: ++beat }, files)
  })
  /** The same, and nobody holds it any more. */
  const release = Effect.flatMap(readPlace(runsDir, place), (files) => replace(null, files))
  return { publish, release }
})

export type HeldRecords = Effect.Success<ReturnType<typeof holdRecords>>

/** Stores what no process has to hold: the result of an ensemble, say. The last writer counts. */
export const putRecords = Effect.fn("putRecords")(function* (
  store: ObjectStore,
  runsDir: string,
  place: RecordsPlace,
) {
  const files = yield* readPlace(runsDir, place)
  while (true) {
    const before = yield* readRecords(store, place)
    const written = yield* replaceRecords(store, place, { formatVersion: 1, holder: null, files }, before)
    if (written !== undefined) return yield* writeNote(runsDir, place.name, store, written)
  }
})
