/**
 * The copy of own code in a run directory: (folder, identity of the code) -> `code/`, with the files under their own paths.
 *
 * Resuming, predicting and exporting run the copy. A file whose content does not have the recorded digest is not used.
 */
import { Effect, Path } from "effect"
import type { OwnCode } from "../schemas/experiment/OwnCode.ts"
import { addText, digestOf, textOf } from "./codeTexts.ts"
import * as files from "./files.ts"

/** The folder in a run directory. */
export const codeFolder = "code"

/** A path that stays below its folder: run.json may come from outside. */
const isInner = (path: string) =>
  path.split("/").every((part) => part !== "" && part !== "." && part !== "..") && !/[\\\0:]/.test(path)

/** Writes the files into a run that is being created. */
export const writeCode = Effect.fnUntraced(function* (run: string, code: OwnCode | undefined) {
  const paths = yield* Path.Path
  for (const [path, digest] of Object.entries(code?.files ?? {})) {
    const text = textOf(digest)
    if (text === undefined || !isInner(path)) continue
    const file = paths.join(run, codeFolder, path)
    yield* files.makeFolder(paths.dirname(file))
    yield* files.writeAtomic(file, text)
  }
})

/** Makes the files of a run known to this process, as far as they are there and unchanged. */
export const readCode = Effect.fnUntraced(function* (run: string, code: OwnCode | undefined) {
  const paths = yield* Path.Path
  for (const [path, digest] of Object.entries(code?.files ?? {})) {
    if (textOf(digest) !== undefined || !isInner(path)) continue
    const text = yield* files.readStringIfExists(paths.join(run, codeFolder, path))
    if (text !== undefined && digestOf(text) === digest) addText(text)
  }
})
