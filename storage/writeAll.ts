/** Writes all bytes at a position: the system may write fewer at a time. Throws what it reports. */
import { writeSync } from "node:fs"

export const writeAll = (file: number, bytes: Uint8Array, position: number): void => {
  for (let at = 0; at < bytes.byteLength;) {
    at += writeSync(file, bytes, at, bytes.byteLength - at, position + at)
  }
}
