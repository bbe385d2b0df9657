/**
 * A file of a user's own dataset: (path or URL, its SHA-256 where stated) -> a copy in the cache, named by its digest.
 *
 * Copied, because the original may change under a run, and a resumed run must find the bytes it began with. The origin is
 * looked at anew each time, and new content is a new version of the dataset: a path is read again when its size or time of
 * change differs, a URL is asked for what it has now. With a digest, stated or recorded by the run that asks, only that
 * content counts, and once is enough.
 */
import { Effect, Path, Schema } from "effect"
import { type FetchedFile, Sha256 } from "../../schemas/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { read, readStringIfExists, stat, writeAtomic } from "../../storage/files.ts"
import { keep, lookUp } from "./cache.ts"
import { type Expectation, verifyContent } from "./content.ts"
import { digestOf } from "../digest.ts"
import { downloadIfChanged } from "./download.ts"
import { firstOf, SourceFailed } from "./sources.ts"

/** A resident dataset of more would not fit the machines this is for. */
const limitBytes = 2 ** 30

/** The experiment names a file that is not there. */
export class OwnFileNotFound extends Failure<OwnFileNotFound>()("OwnFileNotFound", {
  exitCode: "noInput",
  fields: { dataset: Schema.String, file: Schema.String, path: Schema.String },
  message: ({ dataset, file, path }) =>
    `${file} of ${dataset}: found no file ${path}, expected an IDX file, plain or gzip; correct dataset.${file}.source in the experiment (a relative path starts at the working folder)`,
}) {}

/** What an origin gave when it was last looked at. */
const Origin = Schema.Struct({
  origin: Schema.String,
  sha256: Sha256,
  /** Of a path, before it was read. */
  sizeBytes: Schema.optionalKey(Schema.Int),
  modifiedMs: Schema.optionalKey(Schema.Finite),
  /** Of a URL, as its server told. */
  etag: Schema.optionalKey(Schema.String),
  lastModified: Schema.optionalKey(Schema.String),
})
const decodeOrigin = Schema.decodeUnknownEffect(Schema.fromJsonString(Origin))

const readOrigin = Effect.fnUntraced(function* (path: string) {
  const text = yield* readStringIfExists(path)
  if (text === undefined) return undefined
  return yield* decodeOrigin(text).pipe(Effect.orElseSucceed(() => undefined))
})

const readLocal = Effect.fnUntraced(function* (path: string, sizeBytes: number) {
  if (sizeBytes > limitBytes) {
    return yield* new SourceFailed({
      source: path,
      found: `${sizeBytes} bytes`,
      expected: `at most ${limitBytes}`,
    })
  }
  return yield* read(path)
})

export const fetchOwnFile = Effect.fn("fetchOwnFile")(function* (options: {
  readonly dataset: string
  readonly file: string
  readonly source: string
  /** What the experiment states. */
  readonly sha256: string | undefined
  /** What the run began with, where it has begun. */
  readonly recorded: string | undefined
  readonly dataDir: string
}) {
  const { dataDir, dataset, file, recorded, source } = options
  const sha256 = recorded ?? options.sha256
  const paths = yield* Path.Path
  const folder = paths.join(paths.resolve(dataDir), "own")
  const cachePath = (digest: string) => paths.join(folder, `${digest}.idx`)
  const cached = Effect.fnUntraced(function* (digest: string | undefined) {
    if (digest === undefined) return undefined
    const found = yield* lookUp(cachePath(digest), digest)
    return found.kind === "verified" ? found.file : undefined
  })

  const stated = yield* cached(sha256)
  if (stated !== undefined) return stated

  const isUrl = /^https?:\/\//i.test(source)
  const origin = isUrl ? source : paths.resolve(source)
  const originPath = paths.join(
    folder,
    `${yield* digestOf("sha256", new TextEncoder().encode(origin))}.origin.json`,
  )
  const seen = yield* readOrigin(originPath)
  const now = isUrl ? undefined : yield* stat(origin)
  const isGone = !isUrl && now === undefined
  if (isGone && recorded === undefined) return yield* new OwnFileNotFound({ dataset, file, path: origin })

  const known = sha256 === undefined ? yield* cached(seen?.sha256) : undefined
  const unchanged = seen?.sizeBytes === now?.sizeBytes && seen?.modifiedMs === now?.modifiedMs
  if (known !== undefined && now !== undefined && unchanged) return known

  const expectation: Expectation = {
    digest: sha256 === undefined ? undefined : { of: "content", algorithm: "sha256", value: sha256 },
    limitBytes,
  }
  /** Its content and what tells that it has changed; undefined where it is still what is known. */
  const look = Effect.gen(function* () {
    if (isGone) {
      return yield* new SourceFailed({ source: origin, found: "no file", expected: `SHA-256 ${sha256}` })
    }
    if (now !== undefined) {
      const bytes = yield* readLocal(origin, now.sizeBytes)
      return { content: yield* verifyContent(bytes, origin, expectation), version: now }
    }
    const downloaded = yield* downloadIfChanged(origin, limitBytes, known === undefined ? {} : { ...seen })
    if (downloaded === undefined) return undefined
    const { bytes, ...version } = downloaded
    return { content: yield* verifyContent(bytes, origin, expectation), version }
  })
  // Never the old content where the new cannot be had: images and labels of two versions would be taken for one.
  const found = yield* firstOf([look], [], {
    dataset,
    file,
    advice:
      recorded !== undefined
        ? `the run began with that content, and nothing else will do: put it back at ${origin}, or begin a new run`
        : isUrl
          ? "check the URL and the network; with its sha256 in the experiment it is needed only once"
          : "check the file and the sha256 that the experiment states",
  })
  if (found === undefined) return known as FetchedFile
  const { content, version } = found
  if (seen !== undefined && seen.sha256 !== content.sha256) {
    yield* Effect.logInfo(`${file} of ${dataset} has other content than before`)
  }
  const kept: FetchedFile =
    (yield* cached(content.sha256)) ?? (yield* keep(cachePath(content.sha256), content))
  const record: typeof Origin.Type = { origin, sha256: content.sha256, ...version }
  yield* writeAtomic(originPath, `${JSON.stringify(record, null, 2)}\n`)
  return kept
})
