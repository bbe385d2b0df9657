/**
 * What may be read: (kind of a directory entry, size) -> undefined, or why it is refused.
 *
 * Every path of a command line, an experiment or a cache may be a device, a FIFO or a link to one. Reading one never ends, and
 * opening a FIFO waits for a writer. So only regular files are opened, and only up to a limit.
 */
import type { FileSystem } from "effect"
import type { Stats } from "node:fs"
import { size } from "../format/size.ts"
import { StorageFailed } from "./StorageFailed.ts"

/** The largest file that is read whole, such as a checkpoint. A dataset's file has its own limit. */
export const largestFileBytes = 2 ** 31 - 1

/** The longest text: V8 has no longer strings (2^29 - 24 characters), and a byte is at most one character. */
export const longestTextBytes = 2 ** 29 - 24

type Kind = FileSystem.File.Type

const kinds: Record<Exclude<Kind, "File">, string> = {
  Directory: "a folder",
  CharacterDevice: "a character device",
  BlockDevice: "a block device",
  FIFO: "a FIFO",
  Socket: "a socket",
  SymbolicLink: "a link",
  Unknown: "of an unknown kind",
}

/** As `FileSystem.stat` names it. */
export const kindOf = (stats: Stats): Kind => {
  if (stats.isFile()) return "File"
  if (stats.isDirectory()) return "Directory"
  if (stats.isCharacterDevice()) return "CharacterDevice"
  if (stats.isBlockDevice()) return "BlockDevice"
  if (stats.isFIFO()) return "FIFO"
  return stats.isSocket() ? "Socket" : "Unknown"
}

/** Undefined for a regular file. */
export const notRegular = (path: string, kind: Kind): StorageFailed | undefined =>
  kind === "File"
    ? undefined
    : new StorageFailed({
        operation: "read",
        path,
        code: kind === "Directory" ? "EISDIR" : "EINVAL",
        found: `it is ${kinds[kind]}, not a regular file`,
      })

/** Undefined for a file within the limit. */
export const tooLarge = (path: string, sizeBytes: number, limitBytes: number): StorageFailed | undefined =>
  sizeBytes <= limitBytes
    ? undefined
    : new StorageFailed({
        operation: "read",
        path,
        code: "EFBIG",
        found: `it has ${size(sizeBytes)}, expected at most ${size(limitBytes)}`,
      })
