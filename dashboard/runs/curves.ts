/**
 * The metric rows of a run: (its file of metrics, what a browser has) -> the next rows for it.
 *
 * Rows are not kept: only their number is, and where some of them end in the file. Who has none of them gets them part by part
 * as they are read again, so fifty watched runs need no more memory than one. A row that cannot be read is skipped. A value that
 * is no finite number stays in, as NaN: the chart marks it.
 */
import { fileInside } from "../security/runFolder.ts"
import { layout } from "../../storage/runDirectory.ts"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import type { SentRow } from "../messages.ts"
import { makeRowTable, type RowTable } from "../curves/rowTable.ts"
import { rowsSent, thinRows } from "../curves/thinRows.ts"
import { type NewLines, openFollowedFile, type Position } from "./followedFile.ts"

const numberOr = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null

export const decodeRow = (line: string): SentRow | undefined => {
  let row: unknown
  try {
    row = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof row !== "object" || row === null || !("split" in row) || !("iteration" in row)) return undefined
  const { iteration, split } = row
  if ((split !== "train" && split !== "validation") || typeof iteration !== "number") return undefined
  const field = (name: string) => numberOr(Reflect.get(row, name))
  return [
    split === "train" ? 0 : 1,
    iteration,
    field("loss"),
    field("error"),
    split === "train" ? field("learningRate") : null,
    field("epoch"),
  ]
}

const namesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The newest file of an attempt in a folder of a run. */
const newestIn = (runPath: string, folder: string): string | undefined => {
  const newest = namesIn(join(runPath, folder))
    .filter((name) => /^\d{4,}\.ndjson$/.test(name))
    .sort()
    .at(-1)
  return newest === undefined ? undefined : fileInside(runPath, folder, newest)
}

/** As `metricsFile` of storage, but no link out of the run is followed. */
export const metricsPath = (runPath: string) =>
  newestIn(runPath, layout.attemptMetrics) ?? fileInside(runPath, layout.metrics)

/** The log of the newest attempt. */
export const logPath = (runPath: string) =>
  newestIn(runPath, layout.log) ?? fileInside(runPath, layout.sharedLog)

export interface CurvesPart {
  /** The number of rows before these. */
  readonly from: number
  readonly rows: ReadonlyArray<SentRow>
  /** The number of rows up to the end of this part. */
  readonly total: number
  /** What a browser has that has got this part: `bytes-checksum`. */
  readonly cursor: string
  /** There are rows after these. */
  readonly hasMore: boolean
}

export interface Curves {
  /** Reads what is new. True if something was. */
  readonly refresh: () => boolean
  /** The number of rows. */
  readonly total: () => number
  /**
   * The next rows for a browser with this cursor. One that is unknown gets the first ones, which replace what it has. If the file
   * was renamed since `refresh`, no rows, and the same cursor again.
   */
  readonly since: (cursor: string | undefined) => CurvesPart
  /** Every row. */
  readonly table: () => RowTable
}

/** The end of some rows in the file. */
interface Mark extends Position {
  readonly rows: number
}

const beginning: Mark = { bytes: 0, checksum: 0, rows: 0 }
/** Browsers are at one of the newest ends; an older one is found by reading the file. */
const marksKept = 16

const cursorOf = ({ bytes, checksum }: Position) => `${bytes}-${checksum.toString(16)}`

const decodeRows = (lines: NewLines["lines"]): ReadonlyArray<SentRow> => {
  const rows: Array<SentRow> = []
  for (const { text } of lines) {
    const row = decodeRow(text)
    if (row !== undefined) rows.push(row)
  }
  return rows
}

export const openCurves = (runPath: string): Curves => {
  const file = openFollowedFile()
  let total = 0
  /** Ends of what was read or sent before, in no order. */
  let marks: ReadonlyArray<Mark> = []
  const keep = (mark: Mark) => {
    marks = [...marks.filter(({ bytes }) => bytes !== mark.bytes), mark].slice(-marksKept)
    return mark
  }
  const end = (): Mark => ({ ...file.position(), rows: total })

  const readTable = (from: Mark, to: Mark): RowTable => {
    const table = makeRowTable()
    for (const { lines } of file.again(from, to.bytes)) {
      for (const row of decodeRows(lines)) table.push(row)
    }
    return table
  }

  const markOf = (cursor: string): Mark | undefined => {
    const [, text, checksum] = /^(\d{1,15})-([0-9a-f]{1,8})$/.exec(cursor) ?? []
    if (text === undefined) return undefined
    const bytes = Number(text)
    const known = [...marks, end(), beginning].find((mark) => mark.bytes === bytes)
    if (known !== undefined) return cursorOf(known) === cursor ? known : undefined
    if (file.checksumAt(bytes)?.toString(16) !== checksum) return undefined
    let mark = beginning
    for (const { lines, position } of file.again(beginning, bytes)) {
      mark = { ...position, rows: mark.rows + decodeRows(lines).length }
    }
    return mark.bytes === bytes ? keep(mark) : undefined
  }

  /** Of a very long run, those that matter (`thinRows`), together; else one part of the file. */
  const partAfter = (from: Mark): CurvesPart => {
    const newest = end()
    /** The file was renamed since it was read: the next look finds it again. */
    const unread = { from: from.rows, rows: [], total: from.rows, cursor: cursorOf(from), hasMore: false }
    const missing = newest.rows - from.rows
    if (missing > rowsSent) {
      const table = readTable(from, newest)
      if (table.length() < missing) return unread
      const rows = thinRows(table)
      return { from: from.rows, rows, total, cursor: cursorOf(newest), hasMore: false }
    }
    for (const { lines, position } of file.again(from, newest.bytes)) {
      const rows = decodeRows(lines)
      const mark = keep({ ...position, rows: from.rows + rows.length })
      return {
        from: from.rows,
        rows,
        total: mark.rows,
        cursor: cursorOf(mark),
        hasMore: mark.bytes < newest.bytes,
      }
    }
    return unread
  }

  return {
    refresh: () => {
      let isChanged = false
      for (const { lines, restarted } of file.readAll(metricsPath(runPath))) {
        isChanged = true
        if (restarted) {
          total = 0
          marks = []
        }
        total += decodeRows(lines).length
      }
      if (isChanged) keep(end())
      return isChanged
    },
    total: () => total,
    since: (cursor) => partAfter(markOf(cursor ?? "") ?? beginning),
    table: () => readTable(beginning, end()),
  }
}
