/**
 * Digests of bytes and of files: (bytes or path) -> lower-case hexadecimal.
 *
 * Hashed in pieces with a yield between them, because a cluster takes the lock of a thread that is blocked for long.
 */
import { createHash } from "node:crypto"
import { Effect } from "effect"
import { readPieces } from "../storage/files.ts"

/** About 10 ms of SHA-256 on a slow processor. */
const pieceBytes = 4 * 2 ** 20

export const digestOf = Effect.fnUntraced(function* (algorithm: "sha256" | "md5", bytes: Uint8Array) {
  const hash = createHash(algorithm)
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    if (at > 0) yield* Effect.yieldNow
    hash.update(bytes.subarray(at, at + pieceBytes))
  }
  return hash.digest("hex")
})

/** The SHA-256 of a file, which is not held in memory. */
export const digestOfFile = Effect.fnUntraced(function* (path: string) {
  const hash = createHash("sha256")
  yield* readPieces(path, pieceBytes, (piece) => hash.update(piece))
  return hash.digest("hex")
})
