/**
 * The report as a file: (run directory) -> the path of its page, made anew from what the run's folder says now.
 *
 * It is not a part of the run's result, and no stage: what it says of attempts is known when they are over.
 */
import { tmpdir } from "node:os"
import { Effect, Path } from "effect"
import * as files from "../../storage/files.ts"
import { layout } from "../../storage/runDirectory.ts"
import { reportPage } from "./reportPage.ts"

/** Into `file`; without one into the run's folder, or where that cannot be written into the folder for temporary files. */
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
          Effect.logWarning(`${error.message}; the page is in ${other}`),
        ),
        other,
      ),
    ),
  )
})
