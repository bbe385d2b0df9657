/** The rows of a run as curves: (rows) -> series of loss, error and learning rate. */
import type { RunMessage, SentRow } from "../messages.ts"

export interface Curve {
  readonly xs: Array<number>
  readonly ys: Array<number>
}

export interface RunCurves {
  readonly receive: (curves: NonNullable<RunMessage["curves"]>) => void
  /** A range of a very long run in full, in place of what is here of it. */
  readonly insert: (range: ReadonlyArray<SentRow>, from: number, to: number) => void
  /** Whether rows were left out. */
  readonly isThinned: () => boolean
  readonly rows: () => ReadonlyArray<SentRow>
  readonly curve: (split: SentRow[0], field: 2 | 3 | 4) => Curve
}

export const makeRunCurves = (): RunCurves => {
  let rows: Array<SentRow> = []
  let total = 0
  return {
    receive: (curves) => {
      if (curves.from === 0) rows = [...curves.rows]
      else for (const row of curves.rows) rows.push(row)
      ;({ total } = curves)
    },
    rows: () => rows,
    insert: (range, from, to) => {
      rows = [...rows.filter((row) => row[1] < from), ...range, ...rows.filter((row) => row[1] > to)]
    },
    isThinned: () => rows.length < total,
    curve: (split, field) => {
      const [xs, ys]: [Array<number>, Array<number>] = [[], []]
      for (const row of rows) {
        if (row[0] !== split) continue
        xs.push(row[1])
        ys.push(row[field] ?? Number.NaN)
      }
      return { xs, ys }
    },
  }
}
