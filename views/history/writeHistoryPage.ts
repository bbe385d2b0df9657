/** Writes `history.html` beside `schedule.ndjson`: (runs folder) -> the page, replaced whole. */
import { existsSync } from "node:fs"
import { Effect, Path } from "effect"
import * as files from "../../storage/files.ts"
import { journal } from "../../operations/schedule/Journal.ts"
import { readHistory } from "../../operations/schedule/History.ts"

export const writeHistoryPage = Effect.fn("writeHistoryPage")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const histories = yield* readHistory(runsDir)
  // Plotting is loaded where a page is made.
  const { historyPage } = yield* Effect.promise(() => import("./historyPage.ts"))
  const markup = historyPage(histories, (run) => existsSync(paths.join(runsDir, run, "report.html")))
  yield* files.writeAtomic(paths.join(runsDir, journal.page), markup)
})

/** The same where a page is a convenience: one that cannot be written is a warning. */
export const tryWritingHistoryPage = (runsDir: string) =>
  writeHistoryPage(runsDir).pipe(
    Effect.catchCause((cause) => Effect.logWarning(`${journal.page} could not be written`, cause)),
  )

/** After a run was judged or a champion moved by hand: the page of a schedule shows that too. */
export const refreshHistoryPage = Effect.fn("refreshHistoryPage")(function* (runsDir: string) {
  const paths = yield* Path.Path
  if (yield* files.exists(paths.join(runsDir, journal.scheduledRuns))) yield* tryWritingHistoryPage(runsDir)
})
