/**
 * Lists the files below a folder: (folder, names to skip) -> each file with its version, and what is no file of the folder.
 *
 * Links to files within the folder are followed. Other links are not: they may lead to another disk, or in a circle. Reads
 * synchronously, folder by folder: 60,000 files take about half a second.
 */
import { lstatSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs"
import { join, sep } from "node:path"
import { Effect } from "effect"
import { failedNow } from "./StorageFailed.ts"

export interface TreeFile {
  /** Relative to the folder, with `/` between names. */
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly changedMs: number
}

export interface Tree {
  readonly files: ReadonlyArray<TreeFile>
  /** The names of the folders directly in the folder. */
  readonly folders: ReadonlyArray<string>
  /** Files and folders with a name to skip. */
  readonly skipped: number
  /** Links and special files that are not read. */
  readonly refused: ReadonlyArray<{ readonly path: string; readonly reason: string }>
}

const versionOf = (path: string, stats: Stats): TreeFile => ({
  path,
  sizeBytes: stats.size,
  modifiedMs: stats.mtimeMs,
  changedMs: stats.ctimeMs,
})

/** What a link leads to: a file within `root`, or the reason why it is not read. */
const followLink = (root: string, full: string, path: string): TreeFile | string => {
  try {
    const target = realpathSync(full)
    if (target !== root && !target.startsWith(root + sep)) return "a link to a place outside the folder"
    const stats = statSync(full)
    return stats.isFile() ? versionOf(path, stats) : "a link to a folder"
  } catch {
    return "a link that leads nowhere, or in a circle"
  }
}

/** Fails if the folder does not exist. */
export const listTree = Effect.fn("listTree")(function* (
  folder: string,
  isSkipped: (name: string) => boolean,
) {
  const root = yield* Effect.try({ try: () => realpathSync(folder), catch: failedNow("list", folder) })
  const files: Array<TreeFile> = []
  const refused: Array<Tree["refused"][number]> = []
  const folders: Array<string> = []
  let skipped = 0
  const open: Array<string> = [""]
  for (let inner = open.pop(); inner !== undefined; inner = open.pop()) {
    const at = join(root, inner)
    const entries = yield* Effect.try({
      try: () => readdirSync(at, { withFileTypes: true }),
      catch: failedNow("list", at),
    })
    for (const entry of entries) {
      if (isSkipped(entry.name)) {
        skipped++
        continue
      }
      const path = inner === "" ? entry.name : `${inner}/${entry.name}`
      const full = join(root, path)
      if (entry.isDirectory()) {
        open.push(path)
        if (inner === "") folders.push(entry.name)
        continue
      }
      const found = entry.isSymbolicLink()
        ? followLink(root, full, path)
        : entry.isFile()
          ? yield* Effect.try({
              try: () => versionOf(path, lstatSync(full)),
              catch: failedNow("list", full),
            })
          : "not a regular file"
      if (typeof found === "string") refused.push({ path, reason: found })
      else files.push(found)
    }
    yield* Effect.yieldNow
  }
  const tree: Tree = { files, folders, skipped, refused }
  return tree
})
