/** The content of a file that may be compressed: (bytes by position, compression) -> its pieces, which are counted. */
import { pipeline, Readable } from "node:stream"
import { createGunzip, createZstdDecompress } from "node:zlib"
import type { OpenFile } from "../../../storage/openFile.ts"

export type Compression = "none" | "gzip" | "zstd"

const pieceBytes = 2 ** 20

const startsWith = (bytes: Uint8Array, start: ReadonlyArray<number>) =>
  start.every((byte, i) => bytes[i] === byte)

/** What the first bytes show. */
export const compressionOf = (start: Uint8Array): Compression => {
  if (startsWith(start, [0x1f, 0x8b])) return "gzip"
  return startsWith(start, [0x28, 0xb5, 0x2f, 0xfd]) ? "zstd" : "none"
}

function* piecesOf({ read, sizeBytes }: OpenFile) {
  for (let at = 0; at < sizeBytes; at += pieceBytes) yield read(at, pieceBytes)
}

/** `count` throws if there is more than is allowed. */
export async function* contentOf(
  file: OpenFile,
  compression: Compression,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const pieces = Readable.from(piecesOf(file), { objectMode: false })
  // The error of a part reaches the last one, which is read; the first one ends with it.
  const content =
    compression === "none"
      ? pieces
      : pipeline(pieces, compression === "gzip" ? createGunzip() : createZstdDecompress(), () => {})
  for await (const piece of content) {
    count((piece as Uint8Array).byteLength)
    yield new Uint8Array(piece as Uint8Array)
  }
}
