/** Reads a regular file by position: (path) -> its size and a function that reads a part; closed when the scope ends. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { Effect } from "effect"
import { statRegular } from "./files.ts"
import { failedNow, StorageFailed } from "./StorageFailed.ts"

export interface OpenFile {
  readonly sizeBytes: number
  /** In memory of their own; fewer bytes at the end of the file. Throws what the system reports. */
  readonly read: (at: number, size: number) => Uint8Array
}

/** Answers how many bytes there are. Throws what the system reports. */
const fill = (file: number, at: number, to: Uint8Array): number => {
  let received = 0
  while (received < to.byteLength) {
    const count = readSync(file, to, received, to.byteLength - received, at + received)
    if (count === 0) break
    received += count
  }
  return received
}

/** Fills `to` with the bytes at a position. Throws a `StorageFailed`; `path`: in its message. */
export const readPart = (file: number, path: string, at: number, to: Uint8Array): void => {
  let received: number
  try {
    received = fill(file, at, to)
  } catch (error) {
    throw failedNow("read", path)(error)
  }
  if (received === to.byteLength) return
  const found = `it ends at byte ${at + received}, expected at least ${at + to.byteLength}`
  throw new StorageFailed({ operation: "read", path, code: "EIO", found })
}

export const openFile = Effect.fn("openFile")(function* (path: string) {
  // Opening a FIFO would wait for a writer.
  const known = yield* statRegular(path)
  if (known === undefined) return yield* new StorageFailed({ operation: "read", path, code: "ENOENT" })
  const file = yield* Effect.acquireRelease(
    Effect.try({ try: () => openSync(path, "r"), catch: failedNow("read", path) }),
    (file) => Effect.sync(() => closeSync(file)),
  )
  return {
    /** The descriptor, for other threads of this process. */
    file,
    sizeBytes: fstatSync(file).size,
    read: (at: number, size: number) => {
      const bytes = new Uint8Array(size)
      return bytes.subarray(0, fill(file, at, bytes))
    },
  } satisfies OpenFile & { readonly file: number }
})
