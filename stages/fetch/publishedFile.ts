/**
 * Fetches a file of a registered dataset: (entry, key of the file) -> the file in the cache, uncompressed and verified.
 *
 * Sources are tried in order: the cache, a compressed file that the user put there, an installed package, the
 * mirrors. A source whose content does not verify has failed.
 */
import { fileURLToPath } from "node:url"
import { Effect, type FileSystem, Path } from "effect"
import type { HttpClient } from "effect/http"
import type { FileName } from "../../schemas/experiment/Dataset.ts"
import { exists, read } from "../../storage/files.ts"
import { type StorageFailed } from "../../storage/StorageFailed.ts"
import { keep, lookUp } from "./cache.ts"
import { type Expectation, verifyContent } from "./content.ts"
import type { DatasetEntry, Digest } from "./datasets.ts"
import { download } from "./download.ts"
import { type Content, firstOf, ofLocalFile, SourceFailed } from "./sources.ts"

/** The bytes of a file. If it cannot be read the source has failed, not the run. */
const readSource = (path: string, source: string, limitBytes: number) =>
  read(path, limitBytes).pipe(
    Effect.mapError(
      (error: StorageFailed) =>
        new SourceFailed({ source, found: error.message, expected: "the file", local: "damaged" }),
    ),
  )

/** The largest size that gzip can give. */
const compressedLimit = (sizeBytes: number) => sizeBytes + Math.ceil(sizeBytes / 1000) + 1024

/** Where a user puts the compressed form of the file at `path` in the cache. */
export const byHandPath = (path: string) => `${path}.gz`

/** The content of the compressed file that a user put next to `path`, verified. */
export const readByHand = (path: string, expectation: Expectation & { readonly sizeBytes: number }) => {
  const source = byHandPath(path)
  return readSource(source, source, compressedLimit(expectation.sizeBytes)).pipe(
    Effect.flatMap((bytes) => verifyContent(bytes, source, expectation)),
    ofLocalFile("damaged"),
  )
}

/** The path of a file in an installed package. The package is resolved, never loaded. */
const bundledPath = (bundled: string, source: string) =>
  Effect.try({
    try: () => fileURLToPath(import.meta.resolve(bundled)),
    catch: () =>
      new SourceFailed({
        source,
        found: "no such package",
        expected: "an installed package",
        local: "missing",
      }),
  })

export const fetchPublishedFile = Effect.fn("fetchPublishedFile")(function* (options: {
  readonly dataset: string
  readonly entry: Pick<DatasetEntry, "files" | "unverified" | "byHand">
  readonly key: FileName
  /** The SHA-256 in the record of a resumed run. */
  readonly recorded?: string | undefined
  readonly dataDir: string
}) {
  const { dataDir, dataset, entry, key, recorded } = options
  const file = entry.files[key]
  const paths = yield* Path.Path
  const folder = paths.join(paths.resolve(dataDir), dataset)
  const path = paths.join(folder, file.name)
  const { sizeBytes } = file
  const digest: Digest | undefined =
    recorded === undefined ? file.digest : { of: "content", algorithm: "sha256", value: recorded }
  const cached = yield* lookUp(path, digest?.of === "content" ? digest.value : undefined)
  if (cached.kind === "verified") return cached.file

  const expectation = { digest, sizeBytes, limitBytes: sizeBytes }
  const verified = (source: string) => (bytes: Uint8Array) => verifyContent(bytes, source, expectation)
  const compressedBytes = compressedLimit(sizeBytes)
  const sources: Array<Effect.Effect<Content, SourceFailed, FileSystem.FileSystem | HttpClient.HttpClient>> =
    [
      ...((yield* exists(byHandPath(path))) ? [readByHand(path, expectation)] : []),
      ...(file.bundled === undefined
        ? []
        : [
            bundledPath(file.bundled, file.bundled).pipe(
              Effect.flatMap((bundled) => readSource(bundled, `package ${file.bundled}`, compressedBytes)),
              Effect.flatMap(verified(`package ${file.bundled}`)),
              ofLocalFile("damaged"),
            ),
          ]),
      ...file.urls.map((url) => download(url, compressedBytes).pipe(Effect.flatMap(verified(url)))),
    ]
  const earlier =
    cached.kind === "wrong"
      ? new SourceFailed({ source: path, found: cached.found, expected: cached.expected, local: "damaged" })
      : new SourceFailed({ source: path, found: "no file", expected: "the file", local: "missing" })
  const allByHand = `its four files (${Object.values(entry.files)
    .map(({ name }) => `${name}.gz`)
    .join(", ")}) into ${folder}`
  if (entry.unverified !== undefined) yield* Effect.logInfo(`${dataset}: ${entry.unverified}`)
  const content = yield* firstOf(sources, [earlier], {
    dataset,
    file: key,
    advice:
      entry.byHand === undefined
        ? `check the network (behind a proxy, set HTTPS_PROXY and NODE_USE_ENV_PROXY=1), give a folder that has the dataset with --data-dir, or download and put ${allByHand} by hand`
        : `${entry.byHand}, then put ${allByHand}`,
  })
  return yield* keep(path, content)
})
