/**
 * One run in full: (run directory, what a browser has) -> what is new. Curves and log are read as they grow.
 */
import { readdirSync, statSync } from "node:fs"
import { basename, join } from "node:path"
import { crc32 } from "node:zlib"
import { Clock, Effect } from "effect"
import { readableJson } from "../../views/page/page.ts"
import { iterationOf } from "../../stages/train/checkpoint.ts"
import { layout } from "../../storage/runDirectory.ts"
import { readHeader, type RunHeader } from "../../storage/runHeader.ts"
import { thinRows } from "../curves/thinRows.ts"
import type { Checkpoint, RunDetail, RunMessage, RunRow } from "../messages.ts"
import { fileInside } from "../security/runFolder.ts"
import { openCurves } from "./curves.ts"
import { openRunLog } from "./logLines.ts"
import { openProgressMeter } from "./progress.ts"
import { makeDamagedRow, makeRunRow } from "./runRow.ts"

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
    ? [`its process is gone: the curves are known up to iteration ${row.iteration}`]
    : []),
  ...(row.state === "finished" && rows === 0 ? ["metrics.ndjson has no rows: there are no curves"] : []),
]

export const openRunDetail = (runPath: string) => {
  const curves = openCurves(runPath)
  const log = openRunLog(runPath)
  let meter: Effect.Success<ReturnType<typeof openProgressMeter>> | undefined
  let lastUsedMs = 0

  const readRow = Effect.fnUntraced(function* (run: RunHeader) {
    curves.refresh()
    if (run.status !== "running") return yield* makeRunRow(run, undefined)
    meter ??= yield* openProgressMeter(run)
    return yield* makeRunRow(run, meter.measure(run, yield* Clock.currentTimeMillis))
  })

  const readDetail = Effect.fnUntraced(function* (adorn: (row: RunRow) => RunRow) {
    const header = yield* readHeader(runPath).pipe(Effect.result)
    const row =
      header._tag === "Failure"
        ? yield* makeDamagedRow(runPath, header.failure.problem)
        : yield* readRow(header.success)
    if (header._tag === "Failure") curves.refresh()
    return {
      row: adorn(row),
      checkpoints: checkpointsOf(runPath),
      hasReport: fileInside(runPath, layout.report) !== undefined,
      experiment: header._tag === "Failure" ? "" : readableJson(header.success.experiment),
      remarks: remarksOf(row, curves.rows().length),
      resumedFrom:
        header._tag === "Failure"
          ? []
          : header.success.attempts.flatMap(({ resumedFrom }) =>
              typeof resumedFrom === "number" && resumedFrom > 0 ? [resumedFrom] : [],
            ),
    } satisfies RunDetail as RunDetail
  })

  const curvesSince = (cursor: string | undefined): RunMessage["curves"] => {
    const rows = curves.rows()
    const known = cursor === undefined ? undefined : curves.rowsAt(cursor)
    if (known === rows.length) return null
    const from = known ?? 0
    const fresh = from === 0 ? rows : rows.slice(from)
    return { from, rows: thinRows(fresh), total: rows.length }
  }

  return {
    lastUsedMs: () => lastUsedMs,
    rows: () => {
      curves.refresh()
      return curves.rows()
    },
    /** What is new since a cursor, and the cursor after it. */
    since: Effect.fnUntraced(function* (cursor: string | undefined, adorn: (row: RunRow) => RunRow) {
      lastUsedMs = yield* Clock.currentTimeMillis
      const [curvesCursor, detailCursor, logCursor] = cursor?.split("~") ?? []
      const detail = yield* readDetail(adorn)
      log.refresh()
      const digest = crc32(JSON.stringify(detail)).toString(16)
      const newLines = log.since(logCursor)
      const message: RunMessage = {
        kind: "run",
        id: basename(runPath),
        detail: digest === detailCursor ? null : detail,
        curves: curvesSince(curvesCursor),
        log: newLines.replaces || newLines.lines.length > 0 ? newLines : null,
      }
      const isNews = message.detail !== null || message.curves !== null || message.log !== null
      return {
        message: isNews ? message : undefined,
        cursor: [curves.cursor(), digest, log.cursor()].join("~"),
      }
    }),
  }
}
