/** The names of some examples of a packed dataset: (record of packing, indices) -> names, without holding all of them in memory. */
import { Effect } from "effect"
import type { Packed } from "../../schemas/experiment/Dataset.ts"
import { readPieces } from "../../storage/files.ts"

const pieceBytes = 2 ** 20
const lineEnd = 10

/** A line of the file is a JSON text; its number is the index of the example. */
export const readNames = Effect.fn("readNames")(function* (
  { names }: Pick<Packed, "names">,
  indices: Iterable<number>,
) {
  const wanted = new Set(indices)
  const found = new Map<number, string>()
  if (wanted.size === 0) return found
  let line = 0
  let parts: Array<Uint8Array> = []
  const keep = (part: Uint8Array) => {
    if (wanted.has(line) && part.byteLength > 0) parts.push(part.slice())
  }
  yield* readPieces(names.path, pieceBytes, (piece) => {
    let from = 0
    for (let end = piece.indexOf(lineEnd); end >= 0; end = piece.indexOf(lineEnd, from)) {
      keep(piece.subarray(from, end))
      if (parts.length > 0) found.set(line, String(JSON.parse(Buffer.concat(parts).toString())))
      parts = []
      line++
      from = end + 1
    }
    keep(piece.subarray(from))
  })
  return found
})
