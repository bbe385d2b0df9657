/**
 * The dataset cache: (path) -> the verified file there, or why there is none; and (path, content) -> the cached file.
 *
 * Next to each file is a record, `<name>.json`, with its digest and with its size and modification time when it was
 * verified. While size and time agree with the record the digest is taken from it; otherwise the whole file is hashed
 * again. Any number of processes may use one cache: content and record are each replaced whole, and a record that
 * does not belong to its file costs one hash.
 */
import { Effect, Path, Schema } from "effect"
import { cachedSource, type FetchedFile } from "../../schemas/experiment/Dataset.ts"
import { Sha256 } from "../../schemas/experiment/Sha256.ts"
import { makeFolder, readStringIfExists, stat, writeAtomic } from "../../storage/files.ts"
import type { GrowingFile } from "../../storage/growingFile.ts"
import { removeAbandoned } from "../../storage/temporaries.ts"
import { digestOfFile } from "../digest.ts"
import type { Content } from "./sources.ts"

/** The record next to a file of the cache. */
export const CacheRecord = Schema.Struct({
  sha256: Sha256,
  sizeBytes: Schema.Int,
  modifiedMs: Schema.Finite,
  source: Schema.String,
})
export type CacheRecord = typeof CacheRecord.Type

const decodeRecord = Schema.decodeUnknownEffect(Schema.fromJsonString(CacheRecord))

const recordPath = (path: string): string => `${path}.json`

/** The record of a file; undefined if it does not exist or does not decode. */
const readRecord = Effect.fnUntraced(function* (path: string) {
  const text = yield* readStringIfExists(recordPath(path))
  if (text === undefined) return undefined
  return yield* decodeRecord(text).pipe(Effect.orElseSucceed(() => undefined))
})

const writeRecord = Effect.fnUntraced(function* (path: string, sha256: string, source: string) {
  const file = yield* stat(path)
  if (file === undefined) return
  const record: CacheRecord = { sha256, ...file, source }
  yield* writeAtomic(recordPath(path), `${JSON.stringify(record, null, 2)}\n`)
})

export type Cached =
  | { readonly kind: "verified"; readonly file: FetchedFile }
  | { readonly kind: "absent" }
  | { readonly kind: "wrong"; readonly found: string; readonly expected: string }

const absent: Cached = { kind: "absent" }
const wrong = (found: string, expected: string): Cached => ({ kind: "wrong", found, expected })

/**
 * Looks up a file whose digest must be `sha256`, or without it the one in its record. A file without any known digest is not
 * used.
 */
export const lookUp = Effect.fn("lookUp")(function* (path: string, sha256: string | undefined) {
  const file = yield* stat(path)
  if (file === undefined) return absent
  const record = yield* readRecord(path)
  const expected = sha256 ?? record?.sha256
  if (expected === undefined)
    return wrong(`${file.sizeBytes} bytes without a record of their digest`, "a record")

  const source = record === undefined ? path : record.source
  const verified: Cached = {
    kind: "verified",
    file: { path, sizeBytes: file.sizeBytes, sha256: expected, source: cachedSource(source) },
  }
  const unchanged =
    record?.sha256 === expected &&
    record.sizeBytes === file.sizeBytes &&
    record.modifiedMs === file.modifiedMs
  if (unchanged) return verified

  const found = yield* digestOfFile(path)
  if (found !== expected) return wrong(`${file.sizeBytes} bytes of SHA-256 ${found}`, `SHA-256 ${expected}`)
  // Fails in a read-only cache, which is allowed: the next look-up hashes the file again.
  yield* writeRecord(path, expected, source).pipe(Effect.ignore)
  return verified
})

/** Gives a file that is whole its digest as its name, unless the cache has the same content. */
export const keepGrowing = Effect.fn("keepGrowing")(function* (
  growing: GrowingFile,
  folder: string,
  suffix: string,
  source: string,
) {
  const paths = yield* Path.Path
  const sizeBytes = growing.sizeBytes()
  const sha256 = yield* digestOfFile(growing.path)
  const path = paths.join(folder, `${sha256}.${suffix}`)
  const cached = yield* lookUp(path, sha256)
  if (cached.kind === "verified") return cached.file
  yield* growing.publish(path)
  yield* writeRecord(path, sha256, source)
  const file: FetchedFile = { path, sizeBytes, sha256, source }
  return file
})

/** Writes verified content under its final name. */
export const keep = Effect.fn("keep")(function* (path: string, content: Content) {
  const paths = yield* Path.Path
  yield* makeFolder(paths.dirname(path))
  yield* removeAbandoned(paths.dirname(path))
  yield* writeAtomic(path, content.bytes)
  yield* writeRecord(path, content.sha256, content.source)
  const file: FetchedFile = {
    path,
    sizeBytes: content.bytes.byteLength,
    sha256: content.sha256,
    source: content.source,
  }
  return file
})
