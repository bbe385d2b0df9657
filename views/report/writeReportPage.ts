/**
 * Writes the report page: (run directory) -> the path of the page, made from the current content of the run directory.
 *
 * The page is neither a stage nor part of the result: it shows attempts, whose outcome is known only after the last stage.
 */
import { tmpdir } from "node:os"
import { Effect, Path } from "effect"
import * as files from "../../storage/files.ts"
import { layout } from "../../storage/runDirectory.ts"
import { reportPage } from "./reportPage.ts"

/** Writes `file`, by default report.html in the run directory; if that fails, a file in the folder for temporary files. */
export const writeReportPage = Effect.fn("writeReportPage")(function* (
  runPath: string,
  file: string | undefined,
) {
  const paths = yield* Path.Path
  const content = yield* reportPage(runPath)
  if (file !== undefined) {
    yield* files.writeAtomic(file, content)
    return file
  }
  const own = paths.join(runPath, layout.page)
  const other = paths.join(tmpdir(), `${paths.basename(runPath)}.html`)
  return yield* files.writeAtomic(own, content).pipe(
    Effect.as(own),
    Effect.catch((error) =>
      Effect.as(
        Effect.andThen(
          files.writeAtomic(other, content),
          Effect.logWarning(`${error.message}; wrote the page to ${other} instead`),
        ),
        other,
      ),
    ),
  )
})
