/**
 * Finds the files that an experiment names: (field, path or address) -> a file that can be read, and its name in messages.
 */
import { Effect } from "effect"
import type { SourceFile } from "../../schemas/experiment/SourceFile.ts"
import { fetchSourceFile, nameOf } from "../fetch/sourceFile.ts"
import type { SourceFiles } from "./sourceFiles.ts"
import type { ImageSink } from "./imageSink.ts"
import type { SetName } from "./Source.ts"
import { SourceNotFound } from "./SourceInvalid.ts"

/** What a dataset is read with. */
export interface Reading {
  readonly dataset: string
  /** Of this machine, or of the archive. */
  readonly files: SourceFiles
  readonly dataDir: string
  /** For files without a name, while the dataset is packed. */
  readonly scratchFolder: string
  /** Where the images of each set go. */
  readonly sinks: Readonly<Record<SetName, ImageSink>>
}

/** The error of a file that is not there. */
export const notFound = ({ dataset, files }: Reading, field: string, path: string, expected: string) =>
  new SourceNotFound({ dataset, field, path, expected, start: files.start })

const isMissing = (error: { readonly _tag: string; readonly code?: string }) =>
  error._tag === "StorageFailed" && error.code === "ENOENT"

/** `expected`: what should be there, for messages. */
export const locate = Effect.fnUntraced(function* (
  reading: Reading,
  field: string,
  file: SourceFile,
  expected: string,
) {
  if (typeof file === "string") return { path: file, name: file }
  const { dataDir, dataset } = reading
  const name = nameOf(file)
  const path = yield* fetchSourceFile({ dataset, field, file, dataDir }).pipe(
    Effect.catchIf(isMissing, () => Effect.fail(notFound(reading, field, name, expected))),
  )
  return { path, name }
})

/** Opens a file that the experiment names, until the scope ends. */
export const openNamed = Effect.fnUntraced(function* (
  reading: Reading,
  field: string,
  file: SourceFile,
  expected: string,
) {
  const { name, path } = yield* locate(reading, field, file, expected)
  const opened = yield* reading.files
    .open(path)
    .pipe(Effect.catchIf(isMissing, () => Effect.fail(notFound(reading, field, name, expected))))
  return { file: opened, name }
})
