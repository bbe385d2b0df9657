/**
 * Reads a text from its end: (path, what is looked for) -> what was found, or undefined.
 *
 * For the newest row of a file with millions: blocks are read synchronously, from the last one, until a line has what is looked for.
 */
import { closeSync, fstatSync, openSync, statSync } from "node:fs"
import { Effect } from "effect"
import { readPart } from "./openFile.ts"
import { kindOf, notRegular } from "./regularFile.ts"
import { failedNow, StorageFailed } from "./StorageFailed.ts"

const blockBytes = 2 ** 16
/** No row is as long. A longer line, such as the zeros of a damaged disk, is read as an empty one: memory would not hold it. */
const longestLineBytes = 2 ** 20
const lineFeed = 0x0a

/** Each line, the last one first. A line that continues in an earlier block is put together first: a character may be cut, too. */
function* linesFromEnd(file: number, path: string): Generator<string> {
  /** The beginning of a line is still to come: its parts so far, the last one first. */
  const parts: Array<Uint8Array> = []
  let length = 0
  const add = (part: Uint8Array) => {
    length += part.length
    if (length <= longestLineBytes) parts.push(part)
    else parts.length = 0
  }
  const line = () => {
    length = 0
    return Buffer.concat(parts.splice(0).toReversed()).toString("utf8")
  }
  for (let end = fstatSync(file).size; end > 0;) {
    const block = new Uint8Array(Math.min(blockBytes, end))
    end -= block.length
    readPart(file, path, end, block)
    let until = block.length
    for (
      let at = block.lastIndexOf(lineFeed);
      at >= 0;
      at = at === 0 ? -1 : block.lastIndexOf(lineFeed, at - 1)
    ) {
      add(block.subarray(at + 1, until))
      yield line()
      until = at
    }
    add(block.subarray(0, until))
  }
  yield line()
}

/** `look` returns undefined for a line without it. The file need not exist. */
export const findFromEnd = <A>(
  path: string,
  look: (line: string) => A | undefined,
): Effect.Effect<A | undefined, StorageFailed> =>
  Effect.try({
    try: () => {
      const stats = statSync(path, { throwIfNoEntry: false })
      if (stats === undefined) return undefined
      const refused = notRegular(path, kindOf(stats))
      if (refused !== undefined) throw refused
      const file = openSync(path, "r")
      try {
        for (const line of linesFromEnd(file, path)) {
          const found = look(line)
          if (found !== undefined) return found
        }
        return undefined
      } finally {
        closeSync(file)
      }
    },
    catch: (error) => (error instanceof StorageFailed ? error : failedNow("read", path)(error)),
  })
