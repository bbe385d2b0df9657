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
import { downloadIfChanged, type Version } from "./download.ts"
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

const readOriginRecord = Effect.fnUntraced(function* (path: string) {
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

const ownFolder = Effect.fnUntraced(function* (dataDir: string) {
  const paths = yield* Path.Path
  return paths.join(paths.resolve(dataDir), "own")
})

/** The verified file of this content in the cache, if it is there. */
const findCached = Effect.fnUntraced(function* (folder: string, digest: string | undefined) {
  if (digest === undefined) return undefined
  const found = yield* lookUp((yield* Path.Path).join(folder, `${digest}.idx`), digest)
  return found.kind === "verified" ? found.file : undefined
})

const isUrl = (source: string) => /^https?:\/\//i.test(source)

/**
 * The content that an origin has now, and what will show that it changed; undefined if the origin still has the version
 * `known`. `local`: the file at a path, if there is one.
 */
const readOrigin = Effect.fnUntraced(function* (
  origin: string,
  local: Effect.Success<ReturnType<typeof stat>>,
  known: Version,
  sha256: string | undefined,
) {
  const expectation: Expectation = {
    digest: sha256 === undefined ? undefined : { of: "content", algorithm: "sha256", value: sha256 },
    limitBytes,
  }
  if (isUrl(origin)) {
    const downloaded = yield* downloadIfChanged(origin, limitBytes, known)
    if (downloaded === undefined) return undefined
    const { bytes, ...version } = downloaded
    return { content: yield* verifyContent(bytes, origin, expectation), version }
  }
  if (local === undefined) {
    return yield* new SourceFailed({ source: origin, found: "no file", expected: `SHA-256 ${sha256}` })
  }
  const bytes = yield* readLocal(origin, local.sizeBytes)
  return { content: yield* verifyContent(bytes, origin, expectation), version: local }
})

const adviceFor = (origin: string, recorded: string | undefined) =>
  recorded !== undefined
    ? `the run began with that content, and nothing else will do: put it back at ${origin}, or begin a new run`
    : isUrl(origin)
      ? "check the URL and the network; with its sha256 in the experiment it is needed only once"
      : "check the file and the sha256 that the experiment states"

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
  const folder = yield* ownFolder(dataDir)
  const stated = yield* findCached(folder, sha256)
  if (stated !== undefined) return stated

  const origin = isUrl(source) ? source : paths.resolve(source)
  const originDigest = yield* digestOf("sha256", new TextEncoder().encode(origin))
  const originPath = paths.join(folder, `${originDigest}.origin.json`)
  const seen = yield* readOriginRecord(originPath)
  const local = isUrl(origin) ? undefined : yield* stat(origin)
  if (!isUrl(origin) && local === undefined && recorded === undefined)
    return yield* new OwnFileNotFound({ dataset, file, path: origin })

  const known = sha256 === undefined ? yield* findCached(folder, seen?.sha256) : undefined
  const isUnchanged = seen?.sizeBytes === local?.sizeBytes && seen?.modifiedMs === local?.modifiedMs
  if (known !== undefined && local !== undefined && isUnchanged) return known

  // Never the old content where the new cannot be had: images and labels of two versions would be taken for one.
  const now = readOrigin(origin, local, known === undefined ? {} : { ...seen }, sha256)
  const found = yield* firstOf([now], [], { dataset, file, advice: adviceFor(origin, recorded) })
  if (found === undefined) return known as FetchedFile
  const { content, version } = found
  if (seen !== undefined && seen.sha256 !== content.sha256) {
    yield* Effect.logInfo(`${file} of ${dataset} has other content than before`)
  }
  const kept: FetchedFile =
    (yield* findCached(folder, content.sha256)) ??
    (yield* keep(paths.join(folder, `${content.sha256}.idx`), content))
  const record: typeof Origin.Type = { origin, sha256: content.sha256, ...version }
  yield* writeAtomic(originPath, `${JSON.stringify(record, null, 2)}\n`)
  return kept
})
