/**
 * The rows of a run that are sent at once: (rows) -> all, or of a very long run those that matter at any width of a screen.
 *
 * A browser keeps every row of a run up to `rowsSent`. Of a longer one it gets what an 8,000 pixel wide chart would draw, and
 * asks for a range when a reader zooms in (`/api/runs/:id/rows`).
 */
import { downSample } from "./downSample.ts"
import type { RowTable } from "./rowTable.ts"
import type { SentRow } from "../messages.ts"

export const rowsSent = 60_000
const columns = 8000

/** Where the value is: loss, error rate, learning rate. */
const measured = [2, 3, 4] as const

interface Wanted {
  /** Iterations. */
  readonly from?: number
  readonly to?: number
}

export const thinRows = (
  rows: RowTable,
  { from = -Infinity, to = Infinity }: Wanted = {},
): ReadonlyArray<SentRow> => {
  const inside: Array<number> = []
  for (let i = 0; i < rows.length(); i++) {
    const iteration = rows.iteration(i)
    if (iteration >= from && iteration <= to) inside.push(i)
  }
  if (inside.length <= rowsSent) return inside.map(rows.row)
  const kept = new Set<number>()
  for (const split of [0, 1] as const) {
    const ofSplit = inside.filter((i) => rows.split(i) === split)
    if (ofSplit.length === 0) continue
    const xs = ofSplit.map(rows.iteration)
    const view = { from: xs[0], to: xs[xs.length - 1], columns }
    for (const field of measured) {
      // A row of the validation split has no learning rate.
      if (field === 4 && split === 1) continue
      const ys = ofSplit.map((i) => rows.value(i, field))
      for (const position of downSample(xs, ys, view)) kept.add(ofSplit[position])
    }
  }
  return inside.filter((i) => kept.has(i)).map(rows.row)
}
