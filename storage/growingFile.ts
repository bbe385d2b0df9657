/**
 * A large file that is written in pieces: (folder) -> append bytes, then publish it under a name. Unpublished, it is gone when
 * the scope ends.
 *
 * The invariant of `files.ts` holds: a temporary name until the content is whole and synced. Its time is renewed while it is open,
 * so that what a killed process left behind can be recognized: it is old.
 */
import { randomInt } from "node:crypto"
import { closeSync, fsyncSync, futimesSync, openSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { renameOver, syncFolder } from "./disk.ts"
import { makeFolder, temporarySuffix } from "./files.ts"
import { failed, failedNow } from "./StorageFailed.ts"
import { removeAbandoned } from "./temporaries.ts"
import { writeAll } from "./writeAll.ts"

/** Far more often than a file counts as abandoned. */
const renewedMs = 60_000

export const makeGrowingFile = Effect.fn("makeGrowingFile")(function* (folder: string) {
  yield* makeFolder(folder)
  yield* removeAbandoned(folder)
  const path = join(folder, `.growing.${process.pid}-${randomInt(2 ** 47)}${temporarySuffix}`)
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
  const add = (bytes: Uint8Array) => {
    writeAll(file, bytes, sizeBytes)
    sizeBytes += bytes.byteLength
  }
  return {
    append: (bytes: Uint8Array) => Effect.try({ try: () => add(bytes), catch: failedNow("write", path) }),
    /** The same for code that is no effect. Throws a `StorageFailed`. */
    appendNow: (bytes: Uint8Array): void => {
      try {
        add(bytes)
      } catch (error) {
        throw failedNow("write", path)(error)
      }
    },
    /** Replaces bytes at the start. */
    writeStart: (bytes: Uint8Array) =>
      Effect.try({ try: () => writeAll(file, bytes, 0), catch: failedNow("write", path) }),
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
