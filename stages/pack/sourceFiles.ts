/**
 * The files that a dataset is read from: those of this machine, or the members of an archive. Paths are those of the experiment
 * or of a manifest.
 */
import { Effect, Path } from "effect"
import { read } from "../../storage/files.ts"
import { readSmallNow, versionNow } from "../../storage/filesNow.ts"
import { openFile, type OpenFile } from "../../storage/openFile.ts"
import { listTree, type Tree } from "../../storage/tree.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import type { FileSystem, Scope } from "effect"
import { SourceInvalid } from "./SourceInvalid.ts"

type Storage<A, R = never> = Effect.Effect<A, StorageFailed, FileSystem.FileSystem | Path.Path | R>

export interface SourceFiles {
  /** The content of a file of at most `limitBytes`. */
  readonly read: (path: string, limitBytes: number) => Storage<Uint8Array>
  /** A file to be read by position. */
  readonly open: (path: string) => Storage<OpenFile, Scope.Scope>
  /** The files below a folder. Fails with ENOENT if there is none. */
  readonly list: (folder: string, isSkipped: (name: string) => boolean) => Storage<Tree>
  /** A text that changes with the file. A missing file has one, too. */
  readonly version: (path: string) => Storage<string>
  /** Where paths start, for messages. */
  readonly start: string
}

/** A smaller file is read sooner by this thread than by the threads that decode: 30 µs instead of 150. */
const smallBytes = 64 * 2 ** 10

const resolve = (path: string) => Effect.map(Path.Path, (paths) => paths.resolve(path))

/** The files of this machine, from the working folder. */
export const localFiles: SourceFiles = {
  read: Effect.fnUntraced(function* (path, limitBytes) {
    const full = yield* resolve(path)
    return (yield* readSmallNow(full, Math.min(smallBytes, limitBytes))) ?? (yield* read(full, limitBytes))
  }),
  open: (path) => Effect.flatMap(resolve(path), openFile),
  list: (folder, isSkipped) => Effect.flatMap(resolve(folder), (full) => listTree(full, isSkipped)),
  version: Effect.fnUntraced(function* (path) {
    const full = yield* resolve(path)
    const version = yield* versionNow(full)
    return `${full}\0${version?.sizeBytes}\0${version?.modifiedMs}\0${version?.changedMs}`
  }),
  start: "relative paths start at the working folder",
}

/** What the bytes of a text are in, if it is not UTF-8. */
const encodingOf = (bytes: Uint8Array) =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
    ? "text in UTF-16"
    : "bytes that are not UTF-8"

/** The text of a file. Other encodings are refused: read as UTF-8, two names could become one. `name`: in messages. */
export const readText = Effect.fnUntraced(function* (
  files: SourceFiles,
  path: string,
  limitBytes: number,
  name = path,
) {
  const bytes = yield* files.read(path, limitBytes)
  return yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () =>
      new SourceInvalid({
        path: name,
        found: encodingOf(bytes),
        expected: "text in UTF-8",
        advice: "save it again in UTF-8",
      }),
  })
})
