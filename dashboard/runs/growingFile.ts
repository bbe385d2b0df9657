/**
 * A file of lines that another process appends to: each look reads only what is new: (path) -> whole lines since the last look.
 *
 * The file may be replaced by one with another name or content, as when training ends or a run is resumed. If the new one begins
 * with all bytes that were read, reading continues; else it starts again. The check sum of what was read is also how a browser
 * says what it has, so it holds in the next process too.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs"
import { crc32 } from "node:zlib"

const chunkBytes = 1 << 20
/** Longer than any line that this program writes; a longer one is skipped. */
const longestLineBytes = 1 << 22

const lineFeed = 0x0a

export interface NewLines {
  /** What was read before is void: the lines are those of another content, from its beginning. */
  readonly restarted: boolean
  /** Each with the number of bytes up to its end. */
  readonly lines: ReadonlyArray<{ readonly text: string; readonly end: number }>
}

/** The check sum of the first bytes of an open file. */
const checksumOf = (file: number, bytes: number): number => {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, bytes))
  let sum = 0
  for (let at = 0; at < bytes;) {
    const read = readSync(file, buffer, 0, Math.min(buffer.length, bytes - at), at)
    if (read === 0) break
    sum = crc32(buffer.subarray(0, read), sum)
    at += read
  }
  return sum
}

export interface GrowingFile {
  /** Looks at the file under its present path; undefined if there is none. */
  readonly read: (path: string | undefined) => NewLines
  /** Bytes of whole lines that were read, and their check sum. */
  readonly position: () => { readonly bytes: number; readonly checksum: number }
  /** The check sum of the first `bytes`; undefined if fewer were read. */
  readonly checksumAt: (bytes: number) => number | undefined
}

const nothing: NewLines = { restarted: false, lines: [] }

export const openGrowingFile = (): GrowingFile => {
  let known: { readonly path: string; readonly inode: number } | undefined
  let bytes = 0
  let checksum = 0

  const readFrom = (file: number, size: number) => {
    const lines: Array<{ text: string; end: number }> = []
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(1, size - bytes)))
    let rest: Buffer = Buffer.alloc(0)
    let at = bytes
    while (at < size) {
      const read = readSync(file, buffer, 0, Math.min(buffer.length, size - at), at)
      if (read === 0) break
      at += read
      const block =
        rest.length === 0 ? buffer.subarray(0, read) : Buffer.concat([rest, buffer.subarray(0, read)])
      let from = 0
      for (let end = block.indexOf(lineFeed); end >= 0; end = block.indexOf(lineFeed, from)) {
        const length = end + 1 - from
        bytes += length
        if (length <= longestLineBytes) lines.push({ text: block.toString("utf8", from, end), end: bytes })
        from = end + 1
      }
      checksum = crc32(block.subarray(0, from), checksum)
      // A copy: the buffer is read into again.
      rest = Buffer.from(block.subarray(from))
    }
    return lines
  }

  const read = (path: string | undefined): NewLines => {
    const stats = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
    if (path === undefined || stats === undefined || !stats.isFile()) return nothing
    const isSame = known?.path === path && known.inode === stats.ino
    if (isSame && stats.size === bytes) return nothing
    const file = openSync(path, "r")
    try {
      const { size } = fstatSync(file)
      const continues = isSame ? size >= bytes : size >= bytes && checksumOf(file, bytes) === checksum
      const restarted = !continues && bytes > 0
      if (!continues) {
        bytes = 0
        checksum = 0
      }
      known = { path, inode: stats.ino }
      return { restarted, lines: readFrom(file, size) }
    } finally {
      closeSync(file)
    }
  }

  return {
    read,
    position: () => ({ bytes, checksum }),
    checksumAt: (upTo) => {
      if (known === undefined || upTo > bytes) return upTo === 0 ? 0 : undefined
      if (upTo === bytes) return checksum
      try {
        const file = openSync(known.path, "r")
        try {
          return checksumOf(file, upTo)
        } finally {
          closeSync(file)
        }
      } catch {
        return undefined
      }
    },
  }
}
