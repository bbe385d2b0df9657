/**
 * A file of lines that another process appends to: each look reads only what is new: (path) -> whole lines since the last look.
 *
 * The file may be replaced by one with another name or content, as when training ends or a run is resumed. If the new one begins
 * with all bytes that were read, reading continues; else it starts again. The check sum of what was read is also how a browser
 * says what it has, so it holds in the next process too.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs"
import { crc32 } from "node:zlib"

const chunkBytes = 1 << 18
/** Longer than any line that this program writes; a longer one is skipped. */
const longestLineBytes = 1 << 22
/** Browsers are at one of the newest positions; an older one is found by reading the file. */
const positionsKept = 64

const lineFeed = 0x0a

export interface NewLines {
  /** What was read before is void: the lines are those of another content, from its beginning. */
  readonly restarted: boolean
  /** Each with the number of bytes up to its end. */
  readonly lines: ReadonlyArray<{ readonly text: string; readonly end: number }>
  /** There is more to read: of a large file, only a part is in memory at a time. */
  readonly hasMore: boolean
}

/** Lines that were read before, and the position after them: there are none if only a line that is skipped was left. */
export interface SameLines {
  readonly lines: NewLines["lines"]
  readonly position: Position
}

/** A number of bytes at the beginning of a file, and their check sum. */
export interface Position {
  readonly bytes: number
  readonly checksum: number
}

const beginning: Position = { bytes: 0, checksum: 0 }

/** The check sum of the first bytes of an open file, of which those up to `known` were read before. */
const checksumOf = (file: number, bytes: number, known = beginning): number => {
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, bytes - known.bytes))
  let sum = known.checksum
  for (let at = known.bytes; at < bytes;) {
    const read = readSync(file, buffer, 0, Math.min(buffer.length, bytes - at), at)
    if (read === 0) break
    sum = crc32(buffer.subarray(0, read), sum)
    at += read
  }
  return sum
}

export interface FollowedFile {
  /** Looks at the file under its present path; undefined if there is none. */
  readonly read: (path: string | undefined, mostBytes?: number) => NewLines
  /** The same until nothing is left. */
  readonly readAll: (path: string | undefined) => Iterable<NewLines>
  /** Whole lines that were read. */
  readonly position: () => Position
  /** Reads lines again, part by part, from the end of a line up to another one. Nothing if the file is another one now. */
  readonly again: (from: Position, toBytes: number) => Iterable<SameLines>
  /** The check sum of the first `bytes`; undefined if fewer were read. */
  readonly checksumAt: (bytes: number) => number | undefined
}

const nothing: NewLines = { restarted: false, lines: [], hasMore: false }

interface Known {
  readonly path: string
  readonly inode: number
  /** When it was looked at. */
  readonly size: number
}

/** `start`: what another reader knows, and where to begin. */
export const openFollowedFile = (start?: {
  readonly known: Known
  readonly position: Position
}): FollowedFile => {
  let known = start?.known
  /** The end of the whole lines. */
  let position = start?.position ?? beginning
  /** The end of what was read of a line that is too long; the same as `position` otherwise. */
  let skipped = position
  /** Ends of earlier looks, oldest first. */
  let earlier: Array<Position> = []

  const moveTo = (next: Position) => {
    earlier = [...earlier, position].slice(-positionsKept)
    position = next
  }

  const readFrom = (file: number, size: number) => {
    const lines: Array<{ text: string; end: number }> = []
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(1, size - skipped.bytes)))
    // Each byte is read and added to the sum once, however long a line is.
    let whole = position
    let lineStart = position.bytes
    let { bytes: at, checksum: sum } = skipped
    let unfinished: Array<Buffer> = []
    while (at < size) {
      const read = readSync(file, buffer, 0, Math.min(buffer.length, size - at), at)
      if (read === 0) break
      const block = buffer.subarray(0, read)
      let from = 0
      for (let end = block.indexOf(lineFeed); end >= 0; end = block.indexOf(lineFeed, from)) {
        const lineEnd = at + end + 1
        if (lineEnd - lineStart <= longestLineBytes) {
          const text =
            unfinished.length === 0
              ? block.toString("utf8", from, end)
              : Buffer.concat([...unfinished, block.subarray(from, end)]).toString("utf8")
          lines.push({ text, end: lineEnd })
        }
        unfinished = []
        from = end + 1
        lineStart = lineEnd
      }
      if (from > 0) {
        sum = crc32(block.subarray(0, from), sum)
        whole = { bytes: lineStart, checksum: sum }
      }
      sum = crc32(block.subarray(from), sum)
      at += read
      // A copy: the buffer is read into again.
      if (at - lineStart <= longestLineBytes) unfinished.push(Buffer.from(block.subarray(from)))
      else unfinished = []
      if (lines.length > 0) break
    }
    if (whole.bytes > position.bytes) moveTo(whole)
    skipped = at - whole.bytes > longestLineBytes ? { bytes: at, checksum: sum } : whole
    return { lines, hasMore: at < size }
  }

  const read = (path: string | undefined, mostBytes = Infinity): NewLines => {
    const stats = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
    if (path === undefined || stats === undefined || !stats.isFile()) return nothing
    const isSame = known?.path === path && known.inode === stats.ino
    if (isSame && stats.size === known?.size) return nothing
    const file = openSync(path, "r")
    try {
      const size = Math.min(fstatSync(file).size, mostBytes)
      const { bytes, checksum } = position
      const continues = size >= bytes && (isSame || checksumOf(file, bytes) === checksum)
      const restarted = !continues && bytes > 0
      if (!continues) [position, earlier] = [beginning, []]
      if (!continues || !isSame || size < skipped.bytes) skipped = position
      const { hasMore, lines } = readFrom(file, size)
      known = { path, inode: stats.ino, size: hasMore ? position.bytes : size }
      return { restarted, lines, hasMore }
    } finally {
      closeSync(file)
    }
  }

  const readAll = function* (path: string | undefined): Generator<NewLines> {
    for (let part = read(path); ; part = read(path)) {
      if (part.restarted || part.lines.length > 0) yield part
      if (!part.hasMore) return
    }
  }

  const again = function* (from: Position, toBytes: number): Generator<SameLines> {
    if (known === undefined) return
    const reader = openFollowedFile({ known: { ...known, size: from.bytes }, position: from })
    while (reader.position().bytes < toBytes) {
      const { bytes } = reader.position()
      const { hasMore, lines, restarted } = reader.read(known.path, toBytes)
      if (restarted) return
      if (reader.position().bytes > bytes) yield { lines, position: reader.position() }
      if (!hasMore) return
    }
  }

  /** Of what was read before, without reading it again if it was the end of a recent look. */
  const checksumAt = (bytes: number): number | undefined => {
    if (bytes === 0) return 0
    if (known === undefined || bytes > position.bytes) return undefined
    const before = [...earlier, position].findLast((one) => one.bytes <= bytes) ?? beginning
    if (before.bytes === bytes) return before.checksum
    try {
      const file = openSync(known.path, "r")
      try {
        return checksumOf(file, bytes, before)
      } finally {
        closeSync(file)
      }
    } catch {
      return undefined
    }
  }

  return { read, readAll, again, position: () => position, checksumAt }
}
