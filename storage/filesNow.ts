/**
 * Reads files synchronously, which blocks this thread: the thousands of small files of a listing take a tenth of the time of
 * the asynchronous reads of `files.ts`.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { Effect } from "effect"
import { kindOf, longestTextBytes, notRegular, tooLarge } from "./regularFile.ts"
import { failedNow, StorageFailed } from "./StorageFailed.ts"

/** The result of a synchronous read, or `otherwise` if the file does not exist. */
const readNow = <A>(operation: string, path: string, read: () => A, otherwise: A) =>
  Effect.try({
    try: read,
    catch: (error) => (error instanceof StorageFailed ? error : failedNow(operation, path)(error)),
  }).pipe(
    Effect.catchIf(
      (error) => error.code === "ENOENT",
      () => Effect.succeed(otherwise),
    ),
  )

/** Throws if it is no regular file, or too large. */
const readText = (path: string) => {
  const stats = statSync(path)
  const refused = notRegular(path, kindOf(stats)) ?? tooLarge(path, stats.size, longestTextBytes)
  if (refused !== undefined) throw refused
  // Files of /proc say that they are empty, and reading one may never end.
  return stats.size === 0 ? "" : readFileSync(path, "utf8")
}

/** The content of a regular file as text, or undefined if the file does not exist. */
export const readStringNow = (path: string): Effect.Effect<string | undefined, StorageFailed> =>
  readNow<string | undefined>("read", path, () => readText(path), undefined)

/** The content of a regular file of at most `limitBytes`; undefined if it is larger. Fails if the file does not exist. */
export const readSmallNow = (
  path: string,
  limitBytes: number,
): Effect.Effect<Uint8Array | undefined, StorageFailed> =>
  Effect.try({
    try: () => {
      const stats = statSync(path)
      const refused = notRegular(path, kindOf(stats))
      if (refused !== undefined) throw refused
      if (stats.size > limitBytes) return undefined
      return stats.size === 0 ? new Uint8Array() : new Uint8Array(readFileSync(path))
    },
    catch: (error) => (error instanceof StorageFailed ? error : failedNow("read", path)(error)),
  })

/** Size and times of a file, which change with it; undefined if it does not exist. */
export const versionNow = (path: string) =>
  readNow(
    "check",
    path,
    () => {
      const { ctimeMs, mtimeMs, size } = statSync(path)
      return { sizeBytes: size, modifiedMs: mtimeMs, changedMs: ctimeMs }
    },
    undefined,
  )

/** The names in a folder, sorted; empty if the folder does not exist. */
export const listNow = (folder: string): Effect.Effect<ReadonlyArray<string>, StorageFailed> =>
  readNow<ReadonlyArray<string>>("list", folder, () => readdirSync(folder).sort(), [])

/**
 * The entries of a folder, sorted by name; empty if the folder does not exist. A link counts as what it leads to, and as a folder
 * if that cannot be reached: a disk that is not mounted.
 */
export const entriesNow = (folder: string) =>
  readNow<ReadonlyArray<{ readonly name: string; readonly isFolder: boolean }>>(
    "list",
    folder,
    () =>
      readdirSync(folder, { withFileTypes: true })
        .map((entry) => ({
          name: entry.name,
          isFolder:
            entry.isDirectory() || (entry.isSymbolicLink() && isFolderBehind(join(folder, entry.name))),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    [],
  )

const isFolderBehind = (link: string): boolean => {
  try {
    return statSync(link).isDirectory()
  } catch {
    return true
  }
}

/** Whether there is such a file. */
export const existsNow = (path: string): Effect.Effect<boolean> => Effect.sync(() => existsSync(path))

/** Whether the path is a file, or a link to one. */
export const isFileNow = (path: string): Effect.Effect<boolean> =>
  Effect.sync(() => statSync(path, { throwIfNoEntry: false })?.isFile() === true)

/** Whether the path is a symbolic link. */
export const isLinkNow = (path: string): Effect.Effect<boolean> =>
  Effect.sync(() => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true)

/** Where a symbolic link leads, as a path; undefined for anything else. */
export const linkTargetNow = (path: string) =>
  Effect.map(isLinkNow(path), (isLink) => (isLink ? resolve(dirname(path), readlinkSync(path)) : undefined))

/** Bytes of all files in a folder, or of one file; links are not followed. */
export const treeSizeBytes = (path: string): Effect.Effect<number, StorageFailed> =>
  Effect.try({
    try: () => {
      const entry = lstatSync(path)
      if (!entry.isDirectory()) return entry.size
      return readdirSync(path, { recursive: true, encoding: "utf8" }).reduce(
        (sum, name) => sum + lstatSync(join(path, name)).size,
        0,
      )
    },
    catch: failedNow("check", path),
  })

/** Makes a folder and those above it, one by one, as `makeFolder` of `files.ts`. Throws the error of the operating system. */
export const makeFolderNow = (folder: string): void => {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolderNow(parent)
  try {
    mkdirSync(folder)
  } catch (error) {
    // Another process may have made it meanwhile.
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
