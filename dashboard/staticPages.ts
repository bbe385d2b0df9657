/** The static pages as the dashboard shows and saves them: made from the files at that moment, never written. */
import { Effect } from "effect"
import { readHistory } from "../operations/schedule/History.ts"
import { readEnsemble } from "../storage/ensembles.ts"
import { readSweepDefinition, readSweepJournal, readSweepResult } from "../storage/sweeps.ts"
import { layout } from "../storage/runDirectory.ts"
import { readHeaders } from "../storage/runHeader.ts"
import { isName, runFilePath, runFolder } from "./security/runFolder.ts"

/** Undefined if there is no such run. */
export const runPage = Effect.fn("runPage")(function* (runsDir: string, id: string) {
  const folder = runFolder(runsDir, id)
  if (folder === undefined) return undefined
  const { reportPage } = yield* Effect.promise(() => import("../views/report/reportPage.ts"))
  return yield* reportPage(folder)
})

/** Undefined with fewer than two readable runs. The first one is the baseline. */
export const comparedPage = Effect.fn("comparedPage")(function* (
  runsDir: string,
  ids: ReadonlyArray<string>,
) {
  const folders = [...new Set(ids)].flatMap((id) => runFolder(runsDir, id) ?? [])
  const { damaged, runs } = yield* readHeaders(folders)
  if (runs.length < 2) return undefined
  const [{ compareRuns }, { comparisonPage }] = yield* Effect.promise(() =>
    Promise.all([
      import("../operations/compare/Comparison.ts"),
      import("../views/comparison/comparisonPage.ts"),
    ]),
  )
  return yield* comparisonPage(yield* compareRuns(runs, damaged))
})

/** Pages link to the reports of these runs. */
const hasReport = (runsDir: string) => (run: string) => runFilePath(runsDir, run, layout.report) !== undefined

export const championsPage = Effect.fn("championsPage")(function* (runsDir: string) {
  const histories = yield* readHistory(runsDir)
  if (histories.length === 0) return undefined
  const { historyPage } = yield* Effect.promise(() => import("../views/history/historyPage.ts"))
  return historyPage(histories, hasReport(runsDir))
})

/** Undefined if there is no such sweep. */
export const sweepPageOf = Effect.fn("sweepPageOf")(function* (runsDir: string, name: string) {
  const definition = isName(name) ? yield* readSweepDefinition(runsDir, name) : undefined
  if (definition === undefined) return undefined
  const [{ progressOf }, { savingsOf }, { sweepPage }] = yield* Effect.promise(() =>
    Promise.all([
      import("../operations/sweep/progress.ts"),
      import("../operations/sweep/savings.ts"),
      import("../views/sweep/sweepPage.ts"),
    ]),
  )
  const { records } = yield* readSweepJournal(runsDir, name)
  const progress = progressOf(definition, records)
  return yield* sweepPage({
    runsDir,
    definition,
    progress,
    result: yield* readSweepResult(runsDir, name),
    savings: yield* savingsOf(runsDir, definition, progress),
    hasReport: hasReport(runsDir),
  })
})

export const ensemblePageOf = Effect.fn("ensemblePageOf")(function* (runsDir: string, name: string) {
  if (!isName(name)) return undefined
  const { ensemblePage } = yield* Effect.promise(() => import("../views/ensemble/ensemblePage.ts"))
  return yield* ensemblePage(runsDir, yield* readEnsemble(runsDir, name), true)
})
