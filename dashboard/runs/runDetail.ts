/**
 * One run in full: (run directory, what a browser has) -> what is new. Curves and log are read as they grow.
 */
import { readdirSync, statSync } from "node:fs"
import { basename, join } from "node:path"
import { crc32 } from "node:zlib"
import { Clock, Effect } from "effect"
import { count } from "../../format/numbers.ts"
import { readableJson } from "../../views/page/page.ts"
import { iterationOf } from "../../stages/train/checkpoint.ts"
import { layout } from "../../storage/runDirectory.ts"
import { readHeader, type RunHeader } from "../../storage/runHeader.ts"
import type { Checkpoint, RunDetail, RunMessage, RunRow } from "../messages.ts"
import { fileInside } from "../security/runFolder.ts"
import { changeMark } from "./changeMark.ts"
import { openCurves } from "./curves.ts"
import { openRunLog } from "./logLines.ts"
import { openProgressMeter } from "./progress.ts"
import { isUnchanged, makeDamagedRow, makeRunRow } from "./runRow.ts"

const checkpointsOf = (runPath: string): ReadonlyArray<Checkpoint> => {
  const folder = join(runPath, layout.checkpoints)
  let names: Array<string> = []
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names.sort().flatMap((name) => {
    const iteration = iterationOf(name)
    const stats = statSync(join(folder, name), { throwIfNoEntry: false })
    return iteration === undefined || stats === undefined
      ? []
      : [{ iteration, sizeBytes: stats.size, savedAtMs: Math.round(stats.mtimeMs) }]
  })
}

/** What the page says it does not know. */
const remarksOf = (row: RunRow, rows: number): ReadonlyArray<string> => [
  ...(row.remark === null ? [] : [row.remark]),
  ...(row.state === "damaged" && row.reason !== null ? [`this run cannot be read: ${row.reason}`] : []),
  ...(row.state === "killed" && rows > 0
    ? [`its process is gone: the curves are known up to iteration ${count(row.iteration)}`]
    : []),
  ...(row.state === "finished" && rows === 0 ? ["metrics.ndjson has no rows: there are no curves"] : []),
]

export const openRunDetail = (runPath: string, openedMs: number) => {
  const curves = openCurves(runPath)
  const log = openRunLog(runPath)
  let meter: Effect.Success<ReturnType<typeof openProgressMeter>> | undefined
  let lastUsedMs = openedMs
  let known: { readonly mark: string | undefined; readonly detail: RunDetail } | undefined
  /** The detail that was described last, and its check sum. */
  let sent: { readonly detail: RunDetail; readonly row: RunRow; readonly digest: string } | undefined

  const readRow = Effect.fnUntraced(function* (run: RunHeader) {
    if (run.status !== "running") {
      meter = undefined
      return yield* makeRunRow(run, undefined)
    }
    meter ??= yield* openProgressMeter(run)
    return yield* makeRunRow(run, meter.measure(run, yield* Clock.currentTimeMillis))
  })

  const readDetail = Effect.fnUntraced(function* () {
    const header = yield* readHeader(runPath).pipe(Effect.result)
    const row =
      header._tag === "Failure"
        ? yield* makeDamagedRow(runPath, header.failure.problem)
        : yield* readRow(header.success)
    return {
      row,
      checkpoints: checkpointsOf(runPath),
      hasReport: fileInside(runPath, layout.report) !== undefined,
      experiment: header._tag === "Failure" ? "" : readableJson(header.success.experiment),
      remarks: remarksOf(row, curves.total()),
    } satisfies RunDetail as RunDetail
  })

  /** Of a run that has ended, what was read before, as long as its files are the same. */
  const detailNow = Effect.fnUntraced(function* () {
    const hasRows = curves.refresh()
    const mark = changeMark(runPath, yield* Clock.currentTimeMillis)
    if (known !== undefined && !hasRows) {
      const { detail } = known
      if (yield* isUnchanged(runPath, mark, { row: detail.row, mark: known.mark })) return detail
    }
    known = { mark, detail: yield* readDetail() }
    return known.detail
  })

  const digestOf = (detail: RunDetail, row: RunRow): string => {
    const isSent =
      sent?.detail === detail && sent.row.state === row.state && sent.row.championOf === row.championOf
    if (sent !== undefined && isSent) return sent.digest
    const digest = crc32(JSON.stringify({ ...detail, row })).toString(16)
    sent = { detail, row, digest }
    return digest
  }

  return {
    lastUsedMs: () => lastUsedMs,
    rows: () => {
      curves.refresh()
      return curves.table()
    },
    /** What is new since a cursor, and the cursor after it. `adorn` adds what is known of a run beside its own folder. */
    since: Effect.fnUntraced(function* (cursor: string, adorn: (row: RunRow) => RunRow) {
      lastUsedMs = yield* Clock.currentTimeMillis
      const [curvesCursor, detailCursor, logCursor] = cursor.split("~")
      const detail = yield* detailNow()
      const row = adorn(detail.row)
      log.refresh()
      const digest = digestOf(detail, row)
      const newLines = log.since(logCursor)
      const { cursor: nextCursor, from, hasMore, rows, total } = curves.since(curvesCursor)
      const message: RunMessage = {
        kind: "run",
        id: basename(runPath),
        detail: digest === detailCursor ? null : { ...detail, row },
        // Lines that hold no rows are no news.
        curves: nextCursor === curvesCursor || (rows.length === 0 && from > 0) ? null : { from, rows, total },
        log: newLines.replaces || newLines.lines.length > 0 ? newLines : null,
      }
      const isNews = message.detail !== null || message.curves !== null || message.log !== null
      return {
        message: isNews ? message : undefined,
        cursor: [nextCursor, digest, log.cursor()].join("~"),
        hasMore,
      }
    }),
  }
}
