/** Writes `history.html` next to `schedule.ndjson`: (runs folder) -> the page, replaced as a whole. */
import { existsSync } from "node:fs"
import { Effect, Path } from "effect"
import * as files from "../../storage/files.ts"
import { journal } from "../../operations/schedule/Journal.ts"
import { readHistory } from "../../operations/schedule/History.ts"

export const writeHistoryPage = Effect.fn("writeHistoryPage")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const histories = yield* readHistory(runsDir)
  // Loading the plotting library takes a quarter of a second.
  const { historyPage } = yield* Effect.promise(() => import("./historyPage.ts"))
  const markup = historyPage(histories, (run) => existsSync(paths.join(runsDir, run, "report.html")))
  yield* files.writeAtomic(paths.join(runsDir, journal.page), markup)
})

/** The same, but a page that cannot be written is only a warning. */
export const tryWriteHistoryPage = (runsDir: string) =>
  writeHistoryPage(runsDir).pipe(
    Effect.catchCause((cause) => Effect.logWarning(`cannot write ${journal.page}`, cause)),
  )

/** Updates the page of a schedule after a run was judged or the champion changed manually. */
export const refreshHistoryPage = Effect.fn("refreshHistoryPage")(function* (runsDir: string) {
  const paths = yield* Path.Path
  if (yield* files.exists(paths.join(runsDir, journal.scheduledRuns))) yield* tryWriteHistoryPage(runsDir)
})
