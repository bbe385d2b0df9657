/**
 * A file that only this process uses: (folder) -> append bytes, and read them by position. It is gone when the scope ends.
 *
 * Its name is removed as soon as it is open, so that a killed process leaves nothing behind; where the system does not allow
 * that, when the scope ends. Synchronous: most of what is read is small and in the page cache.
 */
import { randomInt } from "node:crypto"
import { closeSync, openSync, readSync, rmSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { makeFolder, temporarySuffix } from "./files.ts"
import { failedNow } from "./StorageFailed.ts"
import { writeAll } from "./writeAll.ts"

const removeName = (path: string) => {
  try {
    rmSync(path)
    return true
  } catch {
    return false
  }
}

export const makeScratchFile = Effect.fn("makeScratchFile")(function* (folder: string) {
  yield* makeFolder(folder)
  const path = join(folder, `.scratch.${process.pid}-${randomInt(2 ** 47)}${temporarySuffix}`)
  const { file } = yield* Effect.acquireRelease(
    Effect.try({
      try: () => {
        const file = openSync(path, "wx+", 0o600)
        return { file, isRemoved: removeName(path) }
      },
      catch: failedNow("create", path),
    }),
    ({ file, isRemoved }) =>
      Effect.sync(() => {
        closeSync(file)
        if (!isRemoved) removeName(path)
      }),
  )
  let sizeBytes = 0
  return {
    /** Answers where the bytes begin. Throws what the system reports. */
    append: (bytes: Uint8Array): number => {
      const at = sizeBytes
      writeAll(file, bytes, at)
      sizeBytes += bytes.byteLength
      return at
    },
    /** Throws what the system reports. */
    read: (at: number, size: number): Uint8Array => {
      const bytes = new Uint8Array(size)
      let received = 0
      while (received < size) {
        const count = readSync(file, bytes, received, size - received, at + received)
        if (count === 0) throw new RangeError(`the file ends at ${at + received}, before ${at + size}`)
        received += count
      }
      return bytes
    },
    /** The descriptor, for other threads of this process. */
    file,
    path,
  }
})
export type ScratchFile = Effect.Success<ReturnType<typeof makeScratchFile>>
