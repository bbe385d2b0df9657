/**
 * What concerns several runs in a store: `records/<place>.json`, one small object for each place (`schemas/SharedRecords.ts`).
 *
 * Its version is the fence: whoever replaces it has seen the one before. So of two processes that decide the same thing, one
 * succeeds, and a process that slept while another one took over notices with its next write.
 */
import { Effect, Schema } from "effect"
import { schemaProblem } from "../../format/schemaProblem.ts"
import { type SharedRecords, SharedRecordsText } from "../../schemas/SharedRecords.ts"
import { type ObjectStore, StoreRefused } from "../store/ObjectStore.ts"
import { placeOf, type RecordsPlace } from "./recordPlaces.ts"

const recordsFolder = "records"
export const recordsKey = (place: RecordsPlace) => `${recordsFolder}/${place.name}.json`

const decode = Schema.decodeUnknownEffect(SharedRecordsText)
const encode = Schema.encodeSync(SharedRecordsText)
export const encodeRecords = (records: SharedRecords) => new TextEncoder().encode(`${encode(records)}\n`)

export interface FoundRecords {
  readonly records: SharedRecords
  readonly version: string
}

/** Undefined if the store has none. */
export const readRecords = Effect.fn("readRecords")(function* (store: ObjectStore, place: RecordsPlace) {
  const key = recordsKey(place)
  const found = yield* store.read(key)
  if (found === undefined) return undefined
  const records = yield* decode(new TextDecoder().decode(found.bytes)).pipe(
    Effect.mapError(
      (error) =>
        new StoreRefused({
          store: store.address,
          reason: schemaProblem(key, error),
          advice: "update tidemark if a newer version wrote it; otherwise remove it from the store",
        }),
    ),
  )
  return { records, version: found.version } satisfies FoundRecords as FoundRecords
})

/** Replaces what was found, or creates what was not: undefined if another process was faster. */
export const replaceRecords = Effect.fnUntraced(function* (
  store: ObjectStore,
  place: RecordsPlace,
  records: SharedRecords,
  before: FoundRecords | undefined,
) {
  const bytes = encodeRecords(records)
  const key = recordsKey(place)
  if (before !== undefined) {
    const version = yield* store.replace(key, bytes, before.version)
    return version === undefined ? undefined : ({ records, version } satisfies FoundRecords)
  }
  return (yield* store.create(key, bytes)) ? yield* readRecords(store, place) : undefined
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
