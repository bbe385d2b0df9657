/** Rows of runs as they come: (messages) -> the present rows and collections. */
import { newestFirst, orderMs } from "../../storage/runOrder.ts"
import type { Collections, RunRow, RunsMessage } from "../messages.ts"
import { secondsOf } from "./texts.ts"

export interface RunStore {
  readonly receive: (message: RunsMessage) => void
  readonly rows: () => ReadonlyArray<RunRow>
  readonly collections: () => Collections
  readonly isComplete: () => boolean
}

export const makeRunStore = (): RunStore => {
  let rows = new Map<string, RunRow>()
  let collections: Collections = { ensembles: [], sweeps: [], champions: [], championsVersion: "" }
  let isComplete = false
  return {
    receive: (message) => {
      if (message.replaces) rows = new Map()
      for (const row of message.rows) rows.set(row.id, row)
      for (const id of message.removed) rows.delete(id)
      collections = message.collections ?? collections
      ;({ isComplete } = message)
    },
    rows: () => [...rows.values()],
    collections: () => collections,
    isComplete: () => isComplete,
  }
}

type Key = (row: RunRow, now: number) => number | string | null

/** The columns that a reader can sort by. */
export const sortKeys = {
  run: (row) => row.experiment,
  state: (row) => row.state,
  started: orderMs,
  progress: (row) => (row.iterations === null ? null : row.iteration / row.iterations),
  left: (row) => row.endsAtMs,
  validation: (row) => row.validationError,
  test: (row) => row.testError,
  duration: secondsOf,
  dataset: (row) => row.dataset,
  seed: (row) => row.seed,
} as const satisfies Readonly<Record<string, Key>>
export type SortKey = keyof typeof sortKeys

export const isSortKey = (text: string | null): text is SortKey =>
  text !== null && Object.hasOwn(sortKeys, text)

/** Rows without a value come last in either direction; equal ones by age. */
export const sortRows = (
  rows: ReadonlyArray<RunRow>,
  key: SortKey,
  isDescending: boolean,
  now: number,
): ReadonlyArray<RunRow> => {
  const valueOf: Key = sortKeys[key]
  // A sort keeps the order of equal rows.
  return newestFirst(rows)
    .map((row) => ({ row, value: valueOf(row, now) }))
    .sort(({ value: left }, { value: right }) => {
      if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1
      const order = left < right ? -1 : left > right ? 1 : 0
      return isDescending ? -order : order
    })
    .map(({ row }) => row)
}

/** Every word must occur in the name, the id, the dataset or the seed. */
export const matches = (row: RunRow, words: string): boolean => {
  const text =
    `${row.id} ${row.experiment} ${row.dataset ?? ""} seed:${row.seed ?? ""} ${row.engine} ${row.championOf === null ? "" : "champion"}`.toLowerCase()
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word))
}
