/**
 * A large file that is written in pieces: (folder) -> append bytes, then publish it under a name. Unpublished, it is gone when
 * the scope ends.
 *
 * The invariant of `files.ts` holds: a temporary name until the content is whole and synced. Its time is renewed while it is open,
 * so that what a killed process left behind can be recognized: it is old.
 */
import { randomInt } from "node:crypto"
import { closeSync, fsyncSync, futimesSync, openSync, rmSync, writeSync } from "node:fs"
import { dirname, join } from "node:path"
import { Clock, Effect } from "effect"
import { renameOver, syncFolder } from "./disk.ts"
import { list, makeFolder, remove, stat, temporarySuffix } from "./files.ts"
import { failed, failedNow } from "./StorageFailed.ts"

const prefix = ".growing."
const renewedMs = 60_000
/** Five times as long: nobody writes to such a file any more. */
const abandonedMs = 300_000

const isGrowing = (name: string) => name.startsWith(prefix) && name.endsWith(temporarySuffix)

/** Removes the files that killed processes left in a folder. */
const removeAbandoned = Effect.fnUntraced(function* (folder: string) {
  for (const name of yield* list(folder)) {
    if (!isGrowing(name)) continue
    const path = join(folder, name)
    const file = yield* stat(path)
    const now = yield* Clock.currentTimeMillis
    if (file !== undefined && now - file.modifiedMs > abandonedMs) yield* remove(path)
  }
})

const writeAll = (file: number, bytes: Uint8Array, position: number) => {
  for (let at = 0; at < bytes.byteLength;) {
    at += writeSync(file, bytes, at, bytes.byteLength - at, position + at)
  }
}

export const makeGrowingFile = Effect.fn("makeGrowingFile")(function* (folder: string) {
  yield* makeFolder(folder)
  yield* removeAbandoned(folder)
  const path = join(folder, `${prefix}${process.pid}-${randomInt(2 ** 47)}${temporarySuffix}`)
  let isPublished = false
  const file = yield* Effect.acquireRelease(
    Effect.try({ try: () => openSync(path, "wx+"), catch: failedNow("create", path) }),
    (file) =>
      Effect.sync(() => {
        closeSync(file)
        if (!isPublished) rmSync(path, { force: true })
      }),
  )
  // The time of a published file is part of the records about it. A missed renewal only makes the file look older.
  const renew = Effect.suspend(() =>
    isPublished ? Effect.void : Effect.try(() => futimesSync(file, new Date(), new Date())),
  )
  yield* renew.pipe(Effect.ignore, Effect.delay(renewedMs), Effect.forever, Effect.forkScoped)
  let sizeBytes = 0
  const attempt = <A>(run: () => A) => {
    try {
      return run()
    } catch (error) {
      throw failedNow("write", path)(error)
    }
  }
  return {
    /** Throws a `StorageFailed`. */
    append: (bytes: Uint8Array): void =>
      attempt(() => {
        writeAll(file, bytes, sizeBytes)
        sizeBytes += bytes.byteLength
      }),
    /** Replaces bytes at the start. Throws a `StorageFailed`. */
    writeStart: (bytes: Uint8Array): void => attempt(() => writeAll(file, bytes, 0)),
    sizeBytes: () => sizeBytes,
    /** Its temporary name. */
    path,
    /** Syncs the file and gives it its name in the same folder. Once. */
    publish: (name: string) =>
      Effect.gen(function* () {
        yield* Effect.try({ try: () => fsyncSync(file), catch: failedNow("write", path) })
        yield* renameOver(path, name).pipe(Effect.mapError(failed("write", name)))
        isPublished = true
        yield* syncFolder(dirname(name)).pipe(Effect.mapError(failed("write", name)))
      }).pipe(Effect.uninterruptible),
  }
})
export type GrowingFile = Effect.Success<ReturnType<typeof makeGrowingFile>>
