/** Writes the page of a sweep: (runs folder, name) -> the path of the page, made from the current journal and runs. */
import { existsSync } from "node:fs"
import { Effect, Path } from "effect"
import { program } from "../../format/program.ts"
import { progressOf } from "../../operations/sweep/progress.ts"
import { savingsOf } from "../../operations/sweep/savings.ts"
import * as files from "../../storage/files.ts"
import { layout } from "../../storage/runDirectory.ts"
import {
  locateSweep,
  readSweepDefinition,
  readSweepJournal,
  readSweepResult,
  sweepNotFound,
  sweepLayout,
} from "../../storage/sweeps.ts"
import { sweepPage } from "./sweepPage.ts"

/** Writes `file`, by default report.html in the folder of the sweep. */
export const writeSweepPage = Effect.fn("writeSweepPage")(function* (
  runsDir: string,
  name: string,
  file: string | undefined,
) {
  const paths = yield* Path.Path
  const definition = yield* readSweepDefinition(runsDir, name)
  if (definition === undefined) return yield* sweepNotFound(runsDir, name)
  const { records } = yield* readSweepJournal(runsDir, name)
  const progress = progressOf(definition, records)
  const content = yield* sweepPage({
    runsDir,
    definition,
    progress,
    result: yield* readSweepResult(runsDir, name),
    savings: yield* savingsOf(runsDir, definition, progress),
    // Links lead from the folder of the sweep; a page elsewhere has none.
    hasReport: (run) => file === undefined && existsSync(paths.join(runsDir, run, layout.page)),
  })
  const path = file ?? paths.join(yield* locateSweep(runsDir, name), sweepLayout.page)
  yield* files.writeAtomic(path, content)
  return path
})

/** The page of a sweep that has just ended. It is not part of the result, so a failure is a warning. */
export const tryWriteSweepPage = (runsDir: string, name: string) =>
  writeSweepPage(runsDir, name, undefined).pipe(
    Effect.catchCause((cause) =>
      Effect.as(
        Effect.logWarning(
          `cannot write the page of the sweep; try again with \`${program} show sweep:${name} --open\``,
          cause,
        ),
        undefined,
      ),
    ),
  )
