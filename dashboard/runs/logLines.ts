/**
 * The log of a run's newest attempt: (run directory) -> its last lines, and later the new ones.
 *
 * Of a line only time, level and text are sent, with control characters removed: it is text from outside.
 */
import { basename } from "node:path"
import { printable } from "../../format/printable.ts"
import type { LogLine } from "../messages.ts"
import { logPath } from "./curves.ts"
import { logLinesShown } from "../limits.ts"
import { openFollowedFile } from "./followedFile.ts"

const longestText = 2000

/** pino's levels. */
const levelOf = (level: unknown): LogLine["level"] =>
  typeof level !== "number" || level < 30 ? "debug" : level < 40 ? "info" : level < 50 ? "warning" : "error"

export const decodeLogLine = (line: string): LogLine | undefined => {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof entry !== "object" || entry === null) return undefined
  const text = (name: string) => {
    const value: unknown = Reflect.get(entry, name)
    return typeof value === "string" ? printable(value).slice(0, longestText) : undefined
  }
  const message = text("msg")
  const time = text("time")
  if (message === undefined || time === undefined) return undefined
  return { time, level: levelOf(Reflect.get(entry, "level")), stage: text("stage") ?? null, text: message }
}

export interface RunLog {
  readonly refresh: () => void
  /** The lines since a cursor, oldest first; all that are kept if the cursor is of another attempt. */
  readonly since: (cursor: string | undefined) => {
    readonly replaces: boolean
    readonly lines: ReadonlyArray<LogLine>
  }
  readonly cursor: () => string
}

export const openRunLog = (runPath: string): RunLog => {
  let file = openFollowedFile()
  let name = ""
  let lines: Array<{ line: LogLine; end: number }> = []
  return {
    refresh: () => {
      const path = logPath(runPath)
      const newest = path === undefined ? "" : basename(path, ".ndjson")
      if (newest !== name) {
        name = newest
        file = openFollowedFile()
        lines = []
      }
      for (const part of file.readAll(path)) {
        if (part.restarted) lines = []
        // Of a log of millions of lines only the last ones are decoded.
        for (const { end, text } of part.lines.slice(-logLinesShown)) {
          const line = decodeLogLine(text)
          if (line !== undefined) lines.push({ line, end })
        }
        lines = lines.slice(-logLinesShown)
      }
    },
    since: (cursor) => {
      const [, attempt, bytes] = /^([0-9a-z]*):(\d{1,15})$/.exec(cursor ?? "") ?? []
      const isKnown = attempt === name && Number(bytes) <= file.position().bytes
      const from = isKnown ? Number(bytes) : -1
      return {
        replaces: !isKnown,
        lines: lines.filter(({ end }) => end > from).map(({ line }) => line),
      }
    },
    cursor: () => `${name}:${file.position().bytes}`,
  }
}
