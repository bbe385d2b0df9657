/**
 * Copies what concerns several runs from a store into a runs folder: (store, runs folder) -> ways to copy one place, or all.
 *
 * A copy is known by its note: which version of the store's it is, and who held it then. What was never a copy is not replaced,
 * unless it is the same sweep: a journal follows from the runs, so nothing is lost.
 */
import { Effect } from "effect"
import { championHistory, claimChampions, writePointers } from "../champions.ts"
import { sweepLayout } from "../sweeps.ts"
import type { ObjectStore } from "../store/ObjectStore.ts"
import { readNote, writeNote } from "./copyNote.ts"
import { RecordsDiffer } from "./RecordsDiffer.ts"
import {
  areEqual,
  isPlaceThere,
  isWritten,
  readPlace,
  type RecordFiles,
  type RecordsPlace,
  showPlace,
  writePlace,
} from "./recordPlaces.ts"
import { type FoundRecords, type ListedRecords, listRecords, readRecords } from "./sharedRecords.ts"

/** Every event here is in the history there too. */
const isPartOfHistory = ({ kind, name }: RecordsPlace, here: RecordFiles, there: RecordFiles) => {
  const history = `${name}/${championHistory}`
  const known = new Set(there[history]?.split("\n"))
  return kind === "champions" && (here[history] ?? "").split("\n").every((line) => known.has(line))
}

const isSameSweep = ({ kind, name }: RecordsPlace, here: RecordFiles, there: RecordFiles) => {
  const definition = `${name}/${sweepLayout.definition}`
  return kind === "sweep" && here[definition] === there[definition]
}

/** Whether the files here may be replaced by those of the store, or are at least as new as they are. */
const relationOf = Effect.fnUntraced(function* (
  store: ObjectStore,
  runsDir: string,
  place: RecordsPlace,
  { records, version }: FoundRecords,
) {
  const here = yield* readPlace(runsDir, place)
  if (Object.keys(here).length === 0) return "older" as const
  const note = yield* readNote(runsDir, place.name)
  if (note?.store === store.address) return note.version === version ? ("newer" as const) : ("older" as const)
  const isSame = [areEqual, isSameSweep.bind(null, place), isPartOfHistory.bind(null, place)].some((same) =>
    same(here, records.files),
  )
  return isSame ? ("older" as const) : ("other" as const)
})

/** Gives the place the files that were found in the store, unless those here are newer; returns whether anything changed. */
export const copyRecords = Effect.fnUntraced(function* (
  store: ObjectStore,
  runsDir: string,
  place: RecordsPlace,
  found: FoundRecords,
  ageMs = 0,
) {
  const relation = yield* relationOf(store, runsDir, place, found)
  if (relation === "other") {
    return yield* new RecordsDiffer({ what: showPlace(place), runsDir, store: store.address })
  }
  if (relation === "newer") return false
  const isChanged = yield* writePlace(runsDir, place, found.records.files)
  yield* writeNote(runsDir, place.name, store, found, ageMs)
  return isChanged
})

export interface PulledRecords {
  readonly place: RecordsPlace
  readonly isChanged: boolean
}

/** Copies one place. One that a process writes now is left alone. */
const pullPlace = Effect.fnUntraced(function* (
  store: ObjectStore,
  runsDir: string,
  { ageMs, place, version }: ListedRecords,
) {
  const unchanged: PulledRecords = { place, isChanged: false }
  if (yield* isWritten(runsDir, place)) return unchanged
  const note = yield* readNote(runsDir, place.name)
  const isNoted = note?.store === store.address && note.version === version
  if (isNoted && (yield* isPlaceThere(runsDir, place))) return unchanged
  const copy = Effect.gen(function* () {
    if (place.kind === "champions") yield* claimChampions(runsDir)
    const found = yield* readRecords(store, place)
    if (found === undefined) return unchanged
    const isChanged = yield* copyRecords(store, runsDir, place, found, ageMs)
    if (place.kind === "champions") yield* writePointers(runsDir)
    return { place, isChanged }
  })
  return yield* Effect.scoped(copy)
})

/** Copies all wanted places; one that is another one here is logged, and left alone. */
export const pullRecords = Effect.fn("pullRecords")(function* (
  store: ObjectStore,
  runsDir: string,
  isWanted: (place: RecordsPlace) => boolean,
  listed?: ReadonlyArray<ListedRecords>,
) {
  const pulled: Array<PulledRecords> = []
  for (const one of (listed ?? (yield* listRecords(store))).filter(({ place }) => isWanted(place))) {
    const copied = yield* pullPlace(store, runsDir, one).pipe(
      Effect.catchTag("RecordsDiffer", (error) =>
        Effect.as(Effect.logWarning(error.message), { place: one.place, isChanged: false }),
      ),
    )
    pulled.push(copied)
  }
  return pulled
})
