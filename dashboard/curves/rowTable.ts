/**
 * The rows of a run as one array of numbers: a third of the memory of an array a row, which counts for a run of millions of rows.
 */
import type { RowSplit, SentRow } from "../messages.ts"

/** Split, iteration, loss, error rate, learning rate, epoch. NaN is a value that is none. */
const width = 6

export interface RowTable {
  readonly length: () => number
  readonly push: (row: SentRow) => void
  readonly row: (position: number) => SentRow
  readonly split: (position: number) => RowSplit
  readonly iteration: (position: number) => number
  /** Of a field of a row: 2 is the loss, 3 the error rate, 4 the learning rate. */
  readonly value: (position: number, field: 2 | 3 | 4) => number
}

const orNull = (value: number) => (Number.isNaN(value) ? null : value)

export const makeRowTable = (): RowTable => {
  let values = new Float64Array(width * 256)
  let length = 0
  const at = (position: number, field: number) => values[position * width + field]
  const split = (position: number): RowSplit => (at(position, 0) === 0 ? 0 : 1)
  const row = (position: number): SentRow => [
    split(position),
    at(position, 1),
    orNull(at(position, 2)),
    orNull(at(position, 3)),
    orNull(at(position, 4)),
    orNull(at(position, 5)),
  ]
  return {
    length: () => length,
    push: (row) => {
      if ((length + 1) * width > values.length) {
        const larger = new Float64Array(Math.ceil(length * 1.5) * width)
        larger.set(values)
        values = larger
      }
      for (const [field, value] of row.entries()) values[length * width + field] = value ?? Number.NaN
      length++
    },
    row,
    split,
    iteration: (position) => at(position, 1),
    value: at,
  }
}
