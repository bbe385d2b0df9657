/**
 * Finds the files of the dataset cache that no run needs: (run directories, cache) -> paths.
 *
 * Only files that the cache wrote itself are candidates: a file with its record, the record of a file that was deleted, the
 * origins of own files, downloads and the indices of packed datasets. Files that a user put there are never candidates. A run needs what its fetch stage recorded. A
 * run without that record needs its whole dataset. A run that cannot be read may need every file.
 */
import { Effect, Path, Schema } from "effect"
import { FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { Sha256 } from "../../schemas/experiment/Sha256.ts"
import * as files from "../../storage/files.ts"
import { isLinkNow, listNow, readStringNow } from "../../storage/filesNow.ts"
import { layout } from "../../storage/runDirectory.ts"
import { readHeader } from "../../storage/runHeader.ts"
import { CacheRecord } from "./cache.ts"

/** The folder of own datasets in the cache. */
const ownFolder = "own"

const FetchRecord = Schema.fromJsonString(Schema.Struct({ result: FetchedDataset }))
const decodeFetch = Schema.decodeUnknownEffect(FetchRecord)
const decodeRecord = Schema.decodeUnknownEffect(Schema.fromJsonString(CacheRecord))
const decodeOrigin = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Struct({ sha256: Sha256 })))

/** The part of the index of a packed dataset (`stages/pack/packDataset.ts`) that names its files. */
const decodePackIndex = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ fetched: FetchedDataset })),
)

/** Such as mnist/train-images-idx3-ubyte, because a cache may have moved to another path. */
type Entry = string

interface Needs {
  readonly entries: Set<Entry>
  /** Folders whose files are all needed. */
  readonly folders: Set<string>
  everything: boolean
}

const readText = (path: string) => readStringNow(path).pipe(Effect.orElseSucceed(() => undefined))

const addNeeds = Effect.fnUntraced(function* (needs: Needs, run: string) {
  const paths = yield* Path.Path
  const text = yield* readText(paths.join(run, layout.stages, "fetch.json"))
  const fetched =
    text === undefined ? undefined : yield* decodeFetch(text).pipe(Effect.orElseSucceed(() => undefined))
  if (fetched !== undefined) {
    const { files, packed } = fetched.result
    for (const file of [...Object.values(files), packed?.names, packed?.groups]) {
      if (file === undefined) continue
      const { path } = file
      needs.entries.add(`${paths.basename(paths.dirname(path))}/${paths.basename(path)}`)
    }
    return
  }
  const header = yield* readHeader(run).pipe(Effect.orElseSucceed(() => undefined))
  if (header === undefined) needs.everything = true
  else {
    const { dataset } = header.experiment
    needs.folders.add(typeof dataset === "string" ? dataset : ownFolder)
  }
})

/** The files of the cache that none of these runs needs. */
export const findUnreferenced = Effect.fn("findUnreferenced")(function* (
  dataDir: string,
  runs: ReadonlyArray<string>,
) {
  const paths = yield* Path.Path
  const needs: Needs = { entries: new Set(), folders: new Set(), everything: false }
  for (const run of runs) yield* addNeeds(needs, run)
  const found: Array<string> = []
  if (needs.everything) return found
  for (const folder of yield* files.list(dataDir)) {
    const inside = paths.join(dataDir, folder)
    // The target of a link does not belong to this cache.
    if (needs.folders.has(folder) || (yield* isLinkNow(inside))) continue
    const names = new Set(yield* listNow(inside).pipe(Effect.orElseSucceed(() => [])))
    for (const name of names) {
      const text = name.endsWith(".json") ? yield* readText(paths.join(inside, name)) : undefined
      if (text === undefined) continue
      const origin = name.endsWith(".origin.json")
        ? yield* decodeOrigin(text).pipe(Effect.orElseSucceed(() => undefined))
        : undefined
      if (origin !== undefined) {
        if (!needs.entries.has(`${folder}/${origin.sha256}.idx`)) found.push(paths.join(inside, name))
        continue
      }
      const index = name.endsWith(".index.json")
        ? yield* decodePackIndex(text).pipe(Effect.orElseSucceed(() => undefined))
        : undefined
      if (index !== undefined) {
        const kept = index.fetched.files.trainImages.path
        if (!needs.entries.has(`${folder}/${paths.basename(kept)}`)) found.push(paths.join(inside, name))
        continue
      }
      const record = yield* decodeRecord(text).pipe(Effect.orElseSucceed(() => undefined))
      const file = name.slice(0, -".json".length)
      if (record === undefined || needs.entries.has(`${folder}/${file}`)) continue
      // The file before its record, because a record without its file is found again.
      if (names.has(file)) found.push(paths.join(inside, file))
      found.push(paths.join(inside, name))
    }
  }
  return found
})

/** Whether a run needs a file of the cache, or the file of a record. */
const isNeededBy = (needs: Needs, path: string) =>
  Effect.map(Path.Path, (paths) => {
    const folder = paths.basename(paths.dirname(path))
    // A record is needed with its file.
    const file = paths.basename(path).replace(/\.json$/, "")
    return needs.everything || needs.folders.has(folder) || needs.entries.has(`${folder}/${file}`)
  })

/**
 * Removes unreferenced files of the cache, except those that a run needs meanwhile. The files are hidden before `runs` is
 * evaluated, so that a run that starts now either finds them or fetches them again.
 */
export const removeUnneeded = Effect.fn("removeUnneeded")(function* <E, R>(
  unneeded: ReadonlyArray<string>,
  runs: Effect.Effect<ReadonlyArray<string>, E, R>,
) {
  const hidden: Array<{ readonly path: string; readonly as: string }> = []
  for (const path of unneeded) {
    if (yield* files.exists(path)) hidden.push({ path, as: yield* files.hideFolder(path) })
  }
  const needs: Needs = { entries: new Set(), folders: new Set(), everything: false }
  for (const run of yield* runs) yield* addNeeds(needs, run)
  for (const { as, path } of hidden) {
    const isBack = (yield* isNeededBy(needs, path)) && !(yield* files.exists(path))
    yield* isBack ? files.rename(as, path) : files.remove(as)
  }
})
