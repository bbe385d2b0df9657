/**
 * The metric rows of a run in memory: (lines of metrics) -> rows with their place in the file.
 *
 * A row that cannot be read is skipped. A value that is no finite number stays in, as NaN: the chart marks it.
 */
import { fileInside } from "../security/runFolder.ts"
import { layout } from "../../storage/runDirectory.ts"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import type { SentRow } from "../messages.ts"
import { makeRowTable, type RowTable } from "../curves/rowTable.ts"
import { openFollowedFile } from "./followedFile.ts"

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

export interface Curves {
  /** Reads what is new. True if something was. */
  readonly refresh: () => boolean
  readonly rows: RowTable
  /** What a browser that has all rows has: `bytes-checksum`. */
  readonly cursor: () => string
  /** The number of rows that a browser with this cursor has; undefined if it has other ones. */
  readonly rowsAt: (cursor: string) => number | undefined
}

export const openCurves = (runPath: string): Curves => {
  const file = openFollowedFile()
  const rows = makeRowTable()
  return {
    refresh: () => {
      let isChanged = false
      for (const { lines, restarted } of file.readAll(metricsPath(runPath))) {
        isChanged = true
        if (restarted) rows.clear()
        for (const { end, text } of lines) {
          const row = decodeRow(text)
          if (row !== undefined) rows.push(row, end)
        }
      }
      return isChanged
    },
    rows,
    cursor: () => {
      const { bytes, checksum } = file.position()
      return `${bytes}-${checksum.toString(16)}`
    },
    rowsAt: (cursor) => {
      const [, bytes, checksum] = /^(\d{1,15})-([0-9a-f]{1,8})$/.exec(cursor) ?? []
      if (bytes === undefined || file.checksumAt(Number(bytes))?.toString(16) !== checksum) return undefined
      return rows.countUpTo(Number(bytes))
    },
  }
}
