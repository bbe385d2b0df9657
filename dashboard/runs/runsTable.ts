/**
 * The table of all runs, kept up to date: (runs folder) -> rows, each with the version at which it last changed.
 *
 * A look costs two `stat` calls a run, so runs that have ended are looked at in rounds, each within a second and a half. What
 * changes in a run changes the time of its folder or of its attempts, because files are written under a temporary name and
 * renamed. Runs in training are looked at every time.
 */
import { statSync } from "node:fs"
import { join } from "node:path"
import { Clock, Effect } from "effect"
import { readHeader } from "../../storage/runHeader.ts"
import { byOrder, listRunNames } from "../../storage/runNames.ts"
import { layout } from "../../storage/runDirectory.ts"
import type { RunRow } from "../messages.ts"
import { openProgressMeter, type ProgressMeter } from "./progress.ts"
import { makeDamagedRow, makeRunRow } from "./runRow.ts"

/** Runs that have ended are looked at in this many rounds. */
const rounds = 3
/** How long a look may block this process before others run. */
const sliceMs = 150

interface Entry {
  readonly name: string
  signature: string
  row: RunRow | undefined
  version: number
  meter: ProgressMeter | undefined
}

const modifiedMs = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Different whenever a file of the run was renamed to its name. */
const signatureOf = (path: string) => `${modifiedMs(path)} ${modifiedMs(join(path, layout.attempts))}`

const isLive = (row: RunRow | undefined) => row?.state === "running" || row?.state === "starting"

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
    // A folder that was changed this moment may change again without another time.
    if (changedAt === listedAt && (yield* Clock.currentTimeMillis) - changedAt > 2000) return
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
      entries.set(name, { name, signature: "", row: undefined, version: 0, meter: undefined })
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
    const signature = signatureOf(path)
    if (entry.row !== undefined && signature === entry.signature && !isLive(entry.row)) return
    const row = yield* readRow(entry).pipe(Effect.catch(({ problem }) => makeDamagedRow(path, problem)))
    entry.signature = signature
    if (!hasChanged(entry.row, row)) return
    entry.row = row
    entry.version = ++version
  })

  /** Looks at the folder again. Returns before all runs are read if that takes long; the newest are read first. */
  const refresh = Effect.fnUntraced(function* () {
    yield* list()
    round = (round + 1) % rounds
    const until = (yield* Clock.currentTimeMillis) + sliceMs
    let isDone = true
    let i = 0
    for (const entry of [...entries.values()].toReversed()) {
      i++
      const isDue = entry.row === undefined || isLive(entry.row) || i % rounds === round
      if (!isDue) continue
      if ((yield* Clock.currentTimeMillis) > until && entry.row === undefined) {
        isDone = false
        continue
      }
      yield* look(entry)
    }
    isComplete = isDone
  })

  return {
    refresh,
    version: () => version,
    isComplete: () => isComplete,
    /** Rows that changed after a version, newest run first. */
    rowsSince: (since: number): ReadonlyArray<RunRow> =>
      [...entries.values()]
        .flatMap(({ row, version }) => (row !== undefined && version > since ? [row] : []))
        .sort((a, b) => byOrder(b, a)),
    removedSince: (since: number): ReadonlyArray<string> =>
      [...removed].flatMap(([name, version]) => (version > since ? [name] : [])),
  }
}
