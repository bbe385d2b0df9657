/**
 * Notes that own code in the working tree differs from the copy that the run uses: (run) -> a line for each file.
 *
 * A file that is gone is no news: the run has its copy.
 */
import { Effect, Path } from "effect"
import { notAFile } from "../schemas/Run.ts"
import { codeFolder } from "../storage/codeFiles.ts"
import { digestOf } from "../storage/codeTexts.ts"
import * as files from "../storage/files.ts"
import type { Run } from "../storage/runDirectory.ts"

export const noteChangedCode = Effect.fn("noteChangedCode")(function* ({ identity }: Run) {
  const { experiment, experimentFile } = identity
  const { code } = experiment
  if (code === undefined || experimentFile.path === notAFile) return
  const paths = yield* Path.Path
  // Of a file that is a link, Node.js resolves the imports from where it leads.
  const real = (yield* files.realPath(experimentFile.path)) ?? experimentFile.path
  const root = paths.resolve(paths.dirname(real), code.folder)
  for (const [path, digest] of Object.entries(code.files)) {
    const file = paths.join(root, path)
    const text = yield* files.readStringIfExists(file)
    if (text === undefined || digestOf(text) === digest) continue
    const shown = paths.relative(process.cwd(), file)
    yield* Effect.logInfo(
      `${shown} has changed since the run began (${digest.slice(0, 8)}, now ${digestOf(text).slice(0, 8)}): the run uses its copy, ${codeFolder}/${path}`,
    )
  }
})
