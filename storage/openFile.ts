/** Reads a regular file by position: (path) -> its size and a function that reads a part; closed when the scope ends. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { Effect } from "effect"
import { statRegular } from "./files.ts"
import { failedNow, StorageFailed } from "./StorageFailed.ts"

export interface OpenFile {
  readonly sizeBytes: number
  /** Fewer bytes at the end of the file. Throws what the system reports. */
  readonly read: (at: number, size: number) => Uint8Array
}

export const openFile = Effect.fn("openFile")(function* (path: string) {
  // Opening a FIFO would wait for a writer.
  const known = yield* statRegular(path)
  if (known === undefined) return yield* new StorageFailed({ operation: "read", path, code: "ENOENT" })
  const file = yield* Effect.acquireRelease(
    Effect.try({ try: () => openSync(path, "r"), catch: failedNow("read", path) }),
    (file) => Effect.sync(() => closeSync(file)),
  )
  const opened: OpenFile = {
    sizeBytes: fstatSync(file).size,
    read: (at, size) => {
      const bytes = new Uint8Array(size)
      let received = 0
      while (received < size) {
        const count = readSync(file, bytes, received, size - received, at + received)
        if (count === 0) break
        received += count
      }
      return bytes.subarray(0, received)
    },
  }
  return opened
})
