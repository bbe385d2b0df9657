/**
 * A store of objects that machines share: create exclusively, replace if unchanged, read, list, remove.
 *
 * Two implementations: a folder (`folderStore.ts`) and a bucket of an S3-compatible service (`s3/s3Store.ts`). Both do the same
 * in all of it. No clock of this machine is compared with another one's: ages are by the clock of the store.
 */
import { Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"

/** The store cannot be reached now, or is too busy: another try may succeed. */
export class StoreUnavailable extends Failure<StoreUnavailable>()("StoreUnavailable", {
  exitCode: "unavailable",
  fields: { store: Schema.String, reason: Schema.String },
  message: ({ reason, store }) => `cannot reach the store ${store}: ${reason}`,
}) {}

/** The store refuses, and so does another try until somebody changes something. */
export class StoreRefused extends Failure<StoreRefused>()("StoreRefused", {
  exitCode: "unavailable",
  fields: { store: Schema.String, reason: Schema.String, advice: Schema.String },
  message: ({ advice, reason, store }) => `cannot use the store ${store}: ${reason}; ${advice}`,
}) {}

export type StoreError = StoreUnavailable | StoreRefused

export interface StoredObject {
  readonly bytes: Uint8Array
  /** Changes with every replacement; only comparable, and only with versions of the same object. */
  readonly version: string
}

export interface ListedObject {
  readonly key: string
  readonly version: string
  /** The time since it was written, by the clock of the store. */
  readonly ageMs: number
}

type Stored<A> = Effect.Effect<A, StoreError>

export interface ObjectStore {
  /** Its address, without secrets. */
  readonly address: string
  /** Undefined if there is no such object. */
  readonly read: (key: string) => Stored<StoredObject | undefined>
  /**
   * Creates the object, unless there is one: returns whether this call created it. Of any number of writers with different bytes,
   * exactly one gets `true`.
   */
  readonly create: (key: string, bytes: Uint8Array) => Stored<boolean>
  /** Replaces the object if it has this version; its new version, or undefined if it has another one or is gone. */
  readonly replace: (key: string, bytes: Uint8Array, version: string) => Stored<string | undefined>
  /** The objects whose keys begin with `folder/`, sorted by key. */
  readonly list: (folder: string) => Stored<ReadonlyArray<ListedObject>>
  /** Nothing happens if there is no such object. */
  readonly remove: (key: string) => Stored<void>
}

/** Names that mean the same in a URL and on any disk. */
const partOfKey = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/

/** Whether a text may be the key of an object: names joined by slashes, and no way out of a folder. */
export const isKey = (text: string) =>
  text.length <= 500 && text.split("/").every((part) => partOfKey.test(part) && !part.endsWith(".reserved"))

/** Keys are made by this program, so another one is a bug. */
export const checkKey = (key: string) =>
  isKey(key) ? Effect.void : Effect.die(new Error(`${key} cannot be the key of an object`))

export const isEqual = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0
