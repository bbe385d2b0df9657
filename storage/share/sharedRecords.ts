/**
 * What concerns several runs in a store: `records/<place>.json`, one small object for each place (`schemas/SharedRecords.ts`).
 *
 * Its version is the fence: whoever replaces it has seen the one before. So of two processes that decide the same thing, one
 * succeeds, and a process that slept while another one took over notices with its next write.
 */
import { Effect } from "effect"
import { type SharedRecords, SharedRecordsText } from "../../schemas/SharedRecords.ts"
import { jsonObject } from "../store/jsonObject.ts"
import { isEqual, type ObjectStore } from "../store/ObjectStore.ts"
import { placeOf, type RecordsPlace } from "./recordPlaces.ts"

const recordsFolder = "records"
export const recordsKey = (place: RecordsPlace) => `${recordsFolder}/${place.name}.json`

const objects = jsonObject(SharedRecordsText, "it")

export interface FoundRecords {
  readonly records: SharedRecords
  /** Empty if another process has replaced the object since. */
  readonly version: string
}

/** Undefined if the store has none. */
export const readRecords = Effect.fn("readRecords")(function* (store: ObjectStore, place: RecordsPlace) {
  const found = yield* objects.read(store, recordsKey(place))
  if (found === undefined) return undefined
  return { records: found.value, version: found.version } satisfies FoundRecords as FoundRecords
})

/** Replaces what was found, or creates what was not: undefined if another process was faster. */
export const replaceRecords = Effect.fnUntraced(function* (
  store: ObjectStore,
  place: RecordsPlace,
  records: SharedRecords,
  before: FoundRecords | undefined,
) {
  const bytes = objects.encode(records)
  const key = recordsKey(place)
  if (before !== undefined) {
    if (before.version === "") return undefined
    const version = yield* store.replace(key, bytes, before.version)
    return version === undefined ? undefined : ({ records, version } satisfies FoundRecords)
  }
  if (!(yield* store.create(key, bytes))) return undefined
  const found = yield* store.read(key)
  const isOwn = found !== undefined && isEqual(found.bytes, bytes)
  return { records, version: isOwn ? found.version : "" } satisfies FoundRecords
})

export interface ListedRecords {
  readonly place: RecordsPlace
  readonly version: string
  /** The time since it was written, by the clock of the store. */
  readonly ageMs: number
}

/** The places that a store has. */
export const listRecords = Effect.fn("listRecords")(function* (store: ObjectStore) {
  return (yield* store.list(recordsFolder)).flatMap(({ ageMs, key, version }) => {
    const place = placeOf(key.slice(recordsFolder.length + 1).replace(/\.json$/, ""))
    return place !== undefined && recordsKey(place) === key
      ? [{ place, version, ageMs } satisfies ListedRecords]
      : []
  })
})
