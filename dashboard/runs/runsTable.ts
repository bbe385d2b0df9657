/**
 * The table of all runs, kept up to date: (runs folder) -> rows, each with the version at which it last changed.
 *
 * A look costs three `stat` calls a run, so runs that have ended are looked at in rounds, each within a second and a half. What
 * changes in a run changes the time of its folder or of its attempts, because files are written under a temporary name and
 * renamed. Runs in training are looked at every time.
 */
import { join } from "node:path"
import { Clock, Effect } from "effect"
import { readHeader } from "../../storage/runHeader.ts"
import { listRunNames } from "../../storage/runNames.ts"
import { newestFirst } from "../../storage/runOrder.ts"
import type { RunRow } from "../messages.ts"
import { openProgressMeter, type ProgressMeter } from "./progress.ts"
import { changeMark, modifiedMs, settleMs } from "./changeMark.ts"
import { isLive, isUnchanged, makeDamagedRow, makeRunRow } from "./runRow.ts"

/** Runs that have ended are looked at in this many rounds. */
const rounds = 3
/** How long a look may block this process before others run. */
const sliceMs = 150

interface Entry {
  readonly name: string
  mark: string | undefined
  row: RunRow | undefined
  version: number
  meter: ProgressMeter | undefined
}

const isEnded = (row: RunRow | undefined): boolean => row !== undefined && !isLive(row)

const hasChanged = (before: RunRow | undefined, after: RunRow) =>
  before === undefined || JSON.stringify(before) !== JSON.stringify(after)

export type RunsTable = ReturnType<typeof openRunsTable>

export const openRunsTable = (runsDir: string) => {
  const entries = new Map<string, Entry>()
  const removed = new Map<string, number>()
  let version = 0
  let round = 0
  let listedAt = -1
  let isComplete = false

  /** Adds runs that are new and drops those that are gone. */
  const list = Effect.fnUntraced(function* () {
    const changedAt = modifiedMs(runsDir)
    if (changedAt === listedAt && (yield* Clock.currentTimeMillis) - changedAt > settleMs) return
    listedAt = changedAt
    const names = new Set(yield* listRunNames(runsDir).pipe(Effect.orElseSucceed(() => [])))
    for (const name of entries.keys()) {
      if (names.has(name)) continue
      entries.delete(name)
      removed.set(name, ++version)
    }
    for (const name of names) {
      if (entries.has(name)) continue
      removed.delete(name)
      entries.set(name, { name, mark: undefined, row: undefined, version: 0, meter: undefined })
      isComplete = false
    }
  })

  const readRow = Effect.fnUntraced(function* (entry: Entry) {
    const path = join(runsDir, entry.name)
    const run = yield* readHeader(path)
    if (run.status !== "running") {
      entry.meter = undefined
      return yield* makeRunRow(run, undefined)
    }
    entry.meter ??= yield* openProgressMeter(run)
    return yield* makeRunRow(run, entry.meter.measure(run, yield* Clock.currentTimeMillis))
  })

  const look = Effect.fnUntraced(function* (entry: Entry) {
    const path = join(runsDir, entry.name)
    const mark = changeMark(path, yield* Clock.currentTimeMillis)
    const { mark: before, row: known } = entry
    if (known !== undefined && (yield* isUnchanged(path, mark, { row: known, mark: before }))) return
    const row = yield* readRow(entry).pipe(Effect.catch(({ problem }) => makeDamagedRow(path, problem)))
    entry.mark = mark
    if (!hasChanged(entry.row, row)) return
    entry.row = row
    entry.version = ++version
  })

  /** Looks at the folder again. Returns before all runs are read if that takes long; the newest are read first. */
  const refresh = Effect.fnUntraced(function* () {
    yield* list()
    round = (round + 1) % rounds
    const until = (yield* Clock.currentTimeMillis) + sliceMs
    let hasAll = true
    let i = 0
    for (const entry of [...entries.values()].toReversed()) {
      i++
      const isDue = !isEnded(entry.row) || i % rounds === round
      if (!isDue) continue
      if ((yield* Clock.currentTimeMillis) > until && entry.row === undefined) {
        hasAll = false
        continue
      }
      yield* look(entry)
    }
    isComplete = hasAll
  })

  return {
    refresh,
    version: () => version,
    isComplete: () => isComplete,
    /** Ids of the runs that have a process. */
    running: (): ReadonlyArray<string> =>
      [...entries.values()].flatMap(({ name, row }) => (row?.state === "running" ? [name] : [])),
    /** Their rows are sent again: what is known of them beside their folders has changed. */
    touch: (ids: Iterable<string>) => {
      for (const id of ids) {
        const entry = entries.get(id)
        if (entry !== undefined) entry.version = ++version
      }
    },
    /** Rows that changed after a version, newest run first. */
    rowsSince: (since: number): ReadonlyArray<RunRow> =>
      newestFirst(
        [...entries.values()].flatMap(({ row, version }) =>
          row !== undefined && version > since ? [row] : [],
        ),
      ),
    removedSince: (since: number): ReadonlyArray<string> =>
      [...removed].flatMap(([name, version]) => (version > since ? [name] : [])),
  }
}
