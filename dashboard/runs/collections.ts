/**
 * What there is beside the runs: (runs folder) -> ensembles, sweeps, champions and what their schedules do.
 *
 * It is read again when one of its folders changed, which a few `stat` calls tell.
 */
import { statSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { percent } from "../../format/numbers.ts"
import { readHistory } from "../../operations/schedule/History.ts"
import { summarize } from "../../operations/schedule/describe.ts"
import { journal, readJobState } from "../../operations/schedule/Journal.ts"
import { showObjective } from "../../operations/sweep/describe.ts"
import { countMeasured, progressOf, type SweepProgress } from "../../operations/sweep/progress.ts"
import { readEnsemble } from "../../storage/ensembles.ts"
import { entriesNow, listNow } from "../../storage/filesNow.ts"
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

const ensemblesFolder = "ensembles"
const championsFolder = "champions"

const signOf = (path: string) => {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? "" : `${stats.mtimeMs}/${stats.size}`
}

const foldersIn = (folder: string) =>
  Effect.map(
    Effect.orElseSucceed(entriesNow(folder), () => []),
    (entries) => entries.flatMap(({ isFolder, name }) => (isFolder && isName(name) ? [name] : [])),
  )

const readEnsembleRow = Effect.fnUntraced(function* (runsDir: string, name: string) {
  return yield* readEnsemble(runsDir, name).pipe(
    Effect.map(({ combine, members, test }): EnsembleRow => ({
      name,
      combine,
      members: members.length,
      testError: test.error.value,
      problem: null,
    })),
    Effect.catch((error) =>
      Effect.succeed<EnsembleRow>({
        name,
        combine: null,
        members: 0,
        testError: null,
        problem: error.message,
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

const readSweepRow = Effect.fnUntraced(function* (runsDir: string, name: string) {
  const damaged = (problem: string): SweepRow => ({
    name,
    isFinished: false,
    measured: 0,
    trials: null,
    best: null,
    problem,
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
  return histories.map((history): ChampionRow => ({
    experiment: history.experiment,
    run: history.champion?.run ?? null,
    accuracy: history.champion?.accuracy ?? null,
    since: history.champion?.since ?? null,
    summary: summarize(history),
  }))
})

export interface CollectionsState {
  readonly value: Collections
  readonly version: number
  readonly waiting: ReadonlySet<string>
}

/** A look at all of it: the same value as before unless something changed. */
export const openCollections = (runsDir: string) => {
  let signature = ""
  let state: CollectionsState = {
    value: { ensembles: [], sweeps: [], champions: [] },
    version: 0,
    waiting: new Set(),
  }
  return Effect.fnUntraced(function* () {
    const sweeps = yield* foldersIn(join(runsDir, sweepsFolder))
    const ensembles = yield* foldersIn(join(runsDir, ensemblesFolder))
    const looked = [
      ...sweeps.flatMap((name) =>
        [sweepLayout.definition, sweepLayout.journal, sweepLayout.result].map((file) =>
          join(runsDir, sweepsFolder, name, file),
        ),
      ),
      ...ensembles.map((name) => join(runsDir, ensemblesFolder, name)),
      ...[championsFolder, journal.scheduledRuns, journal.folder].map((name) => join(runsDir, name)),
      join(runsDir, championsFolder, "history.ndjson"),
    ]
    const found = looked.map((path) => `${path} ${signOf(path)}`).join("\n")
    if (found === signature && state.version > 0) return state
    signature = found
    state = {
      value: {
        ensembles: yield* Effect.forEach(ensembles, (name) => readEnsembleRow(runsDir, name)),
        sweeps: yield* Effect.forEach(sweeps, (name) => readSweepRow(runsDir, name)),
        champions: yield* readChampions(runsDir),
      },
      version: state.version + 1,
      waiting: new Set(yield* readWaiting(runsDir)),
    }
    return state
  })
}
