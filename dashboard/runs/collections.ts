/**
 * What there is beside the runs: (runs folder) -> ensembles, sweeps, champions and what their schedules do.
 *
 * Each is read again when its files have changed, which a few `stat` calls tell.
 */
import { statSync } from "node:fs"
import { join } from "node:path"
import { crc32 } from "node:zlib"
import { Effect } from "effect"
import { percent } from "../../format/numbers.ts"
import { readHistory } from "../../operations/schedule/History.ts"
import { summarize } from "../../operations/schedule/describe.ts"
import { journal, readJobState } from "../../operations/schedule/Journal.ts"
import { showObjective } from "../../operations/sweep/describe.ts"
import { countMeasured, progressOf, type SweepProgress } from "../../operations/sweep/progress.ts"
import { championHistory, championsFolder } from "../../storage/champions.ts"
import { ensemblesFolder, readEnsemble } from "../../storage/ensembles.ts"
import { entriesNow, listNow } from "../../storage/filesNow.ts"
import { layout } from "../../storage/runDirectory.ts"
import {
  readSweepDefinition,
  readSweepJournal,
  readSweepResult,
  sweepLayout,
  sweepsFolder,
} from "../../storage/sweeps.ts"
import type { SweepDefinition, SweepResult } from "../../schemas/Sweep.ts"
import type { ChampionRow, Collections, EnsembleRow, SweepRow } from "../messages.ts"
import { isName } from "../security/runFolder.ts"

/** Different whenever one of the files is replaced or appended to. */
const versionOf = (folder: string, names: ReadonlyArray<string>): string => {
  const found = names.map((name) => {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false })
    return stats === undefined ? "" : `${stats.ino} ${stats.mtimeMs} ${stats.size}`
  })
  return crc32(found.join("\n")).toString(16)
}

const foldersIn = (folder: string) =>
  Effect.map(
    Effect.orElseSucceed(entriesNow(folder), () => []),
    (entries) => entries.flatMap(({ isFolder, name }) => (isFolder && isName(name) ? [name] : [])),
  )

const readEnsembleRow = Effect.fnUntraced(function* (runsDir: string, name: string, version: string) {
  return yield* readEnsemble(runsDir, name).pipe(
    Effect.map(({ combine, members, test }): EnsembleRow => ({
      name,
      combine,
      members: members.length,
      testError: test.error.value,
      problem: null,
      version,
    })),
    Effect.catch((error) =>
      Effect.succeed<EnsembleRow>({
        name,
        combine: null,
        members: 0,
        testError: null,
        problem: error.message,
        version,
      }),
    ),
  )
})

const bestOf = (
  definition: SweepDefinition,
  { ranking }: SweepProgress,
  result: SweepResult | undefined,
): string | null => {
  const winner = result?.winner
  if (winner !== undefined && winner !== null) {
    return `trial ${winner.trial}: test error ${percent(winner.testError)}, of the base ${percent(winner.baseTestError)}`
  }
  // Values at barriers are not compared with those at the end of the budget.
  const best = ranking.at(0)
  return best === undefined ? null : `trial ${best.trial}: ${showObjective(definition, best.value)}`
}

const readSweepRow = Effect.fnUntraced(function* (runsDir: string, name: string, version: string) {
  const damaged = (problem: string): SweepRow => ({
    name,
    isFinished: false,
    measured: 0,
    trials: null,
    best: null,
    problem,
    version,
  })
  return yield* Effect.gen(function* () {
    const definition = yield* readSweepDefinition(runsDir, name)
    if (definition === undefined) return damaged(`${sweepLayout.definition} is missing`)
    const result = yield* readSweepResult(runsDir, name)
    const { records } = yield* readSweepJournal(runsDir, name)
    const progress = progressOf(definition, records)
    return {
      name,
      isFinished: result !== undefined,
      measured: countMeasured(progress),
      trials: progress.planned,
      best: bestOf(definition, progress, result),
      problem: null,
      version,
    } satisfies SweepRow as SweepRow
  }).pipe(Effect.catch((error) => Effect.succeed(damaged(error.message))))
})

/** Runs that the next scheduled time resumes. */
const readWaiting = Effect.fnUntraced(function* (runsDir: string) {
  const waiting: Array<string> = []
  for (const file of yield* listNow(join(runsDir, journal.folder)).pipe(Effect.orElseSucceed(() => []))) {
    const name = file.replace(/\.json$/, "")
    if (name === file || !isName(name)) continue
    const state = yield* readJobState(runsDir, name).pipe(Effect.orElseSucceed(() => undefined))
    if (state?.open?.waiting === true && state.open.run !== null) waiting.push(state.open.run)
  }
  return waiting
})

const readChampions = Effect.fnUntraced(function* (runsDir: string) {
  const histories = yield* readHistory(runsDir).pipe(Effect.orElseSucceed(() => []))
  return {
    champions: histories.map((history): ChampionRow => ({
      experiment: history.experiment,
      run: history.champion?.run ?? null,
      accuracy: history.champion?.accuracy ?? null,
      since: history.champion?.since ?? null,
      summary: summarize(history),
    })),
    /** What a schedule does at present depends on whether its run has a process. */
    isUnfinished: histories.some(({ unfinished }) => unfinished !== null),
    waiting: new Set(yield* readWaiting(runsDir)),
  }
})

/** Rows by name, each read again only if its version is another one. */
const keepRows = <Row extends { readonly version: string }, R>(
  folder: string,
  files: ReadonlyArray<string>,
  read: (name: string, version: string) => Effect.Effect<Row, never, R>,
) => {
  let known = new Map<string, Row>()
  return Effect.gen(function* () {
    const next = new Map<string, Row>()
    for (const name of yield* foldersIn(folder)) {
      const version = versionOf(join(folder, name), files)
      const before = known.get(name)
      next.set(name, before?.version === version ? before : yield* read(name, version))
    }
    const hasChanged = next.size !== known.size || [...next].some(([name, row]) => known.get(name) !== row)
    known = next
    return { rows: [...next.values()], hasChanged }
  })
}

export interface CollectionsState {
  readonly value: Collections
  readonly version: number
  readonly waiting: ReadonlySet<string>
}

/** A look at all of it: the same value as before unless something changed. `running` are the ids of runs that have a process. */
export const openCollections = (runsDir: string) => {
  const readEnsembles = keepRows(join(runsDir, ensemblesFolder), [layout.report], (name, version) =>
    readEnsembleRow(runsDir, name, version),
  )
  const readSweeps = keepRows(
    join(runsDir, sweepsFolder),
    [sweepLayout.definition, sweepLayout.journal, sweepLayout.result],
    (name, version) => readSweepRow(runsDir, name, version),
  )
  let champions: Effect.Success<ReturnType<typeof readChampions>> | undefined
  let championsVersion = ""
  let runningThen = ""
  let state: CollectionsState | undefined
  return Effect.fnUntraced(function* (running: ReadonlyArray<string> = []) {
    const ensembles = yield* readEnsembles
    const sweeps = yield* readSweeps
    const found = versionOf(runsDir, [
      championsFolder,
      join(championsFolder, championHistory),
      journal.scheduledRuns,
      journal.folder,
    ])
    const runningNow = running.join("\n")
    const isCurrent =
      found === championsVersion && (champions?.isUnfinished !== true || runningNow === runningThen)
    if (champions === undefined || !isCurrent) {
      champions = yield* readChampions(runsDir)
      ;[championsVersion, runningThen] = [found, runningNow]
    } else if (state !== undefined && !ensembles.hasChanged && !sweeps.hasChanged) return state
    state = {
      value: {
        ensembles: ensembles.rows,
        sweeps: sweeps.rows,
        champions: champions.champions,
        championsVersion: `${championsVersion}-${crc32(runningThen).toString(16)}`,
      },
      version: (state?.version ?? 0) + 1,
      waiting: champions.waiting,
    }
    return state
  })
}
