/**
 * Fetches a file of a user's own dataset: (path or URL, optional SHA-256) -> a copy in the cache, named by its digest.
 *
 * Copied because the original may change during a run, and a resumed run must find the bytes it started with. The origin is
 * checked at every fetch, and new content is a new version of the dataset: a path is read again if its size or modification
 * time changed, a URL is requested with its last ETag or date. With a digest, from the experiment or from the record of a
 * resumed run, only that content is accepted, and it is fetched once. Nothing that is stored, logged or reported has the secrets
 * of a URL.
 */
import { Effect, Path, Schema } from "effect"
import { type FetchedFile } from "../../schemas/experiment/Dataset.ts"
import { Sha256 } from "../../schemas/experiment/Sha256.ts"
import { showUrl } from "../../format/showUrl.ts"
import { Failure } from "../../schemas/Failure.ts"
import { read, readStringIfExists, statRegular, writeAtomic } from "../../storage/files.ts"
import { parseIdx } from "../dataset/idx.ts"
import { addressOf, isUrl, lacksSecrets, pathOf, type Source } from "./address.ts"
import { keep, lookUp } from "./cache.ts"
import { type Expectation, verifyContent } from "./content.ts"
import { digestOf } from "../digest.ts"
import { downloadIfChanged, type Version } from "./download.ts"
import { type Content, firstOf, ofLocalFile, SourceFailed } from "./sources.ts"

/** A larger dataset would not fit into the memory of usual machines. */
const limitBytes = 2 ** 30

/** A file that the experiment names does not exist. */
export class OwnFileNotFound extends Failure<OwnFileNotFound>()("OwnFileNotFound", {
  exitCode: "noInput",
  fields: { dataset: Schema.String, file: Schema.String, path: Schema.String },
  message: ({ dataset, file, path }) =>
    `cannot read ${file} of ${dataset}: found no file ${path}, expected an IDX file, plain or gzip; correct dataset.${file}.source in the experiment (relative paths start at the working folder)`,
}) {}

/** The version of an origin at its last fetch. */
const Origin = Schema.Struct({
  origin: Schema.String,
  sha256: Sha256,
  /** Of a path, taken before it was read. */
  sizeBytes: Schema.optionalKey(Schema.Int),
  modifiedMs: Schema.optionalKey(Schema.Finite),
  /** Of a URL, from the response. */
  etag: Schema.optionalKey(Schema.String),
  lastModified: Schema.optionalKey(Schema.String),
})
const decodeOrigin = Schema.decodeUnknownEffect(Schema.fromJsonString(Origin))

const readOriginRecord = Effect.fnUntraced(function* (path: string) {
  const text = yield* readStringIfExists(path)
  if (text === undefined) return undefined
  return yield* decodeOrigin(text).pipe(Effect.orElseSucceed(() => undefined))
})

const ownFolder = Effect.fnUntraced(function* (dataDir: string) {
  const paths = yield* Path.Path
  return paths.join(paths.resolve(dataDir), "own")
})

/** Refuses a download that is not a whole IDX file, before it is kept: another time the server may send it. */
const checkIdx = ({ bytes, source }: Content) =>
  Effect.fromResult(parseIdx(bytes, source)).pipe(
    Effect.mapError(({ expected, found }) => new SourceFailed({ source, found, expected })),
  )

/** The verified file of this content in the cache, if it is there. */
const findCached = Effect.fnUntraced(function* (folder: string, digest: string | undefined) {
  if (digest === undefined) return undefined
  const found = yield* lookUp((yield* Path.Path).join(folder, `${digest}.idx`), digest)
  return found.kind === "verified" ? found.file : undefined
})

/**
 * The content of an origin and its version, from which a change will be recognized; undefined if the origin still has the
 * version `known`. `local`: the file at a path, if it exists.
 */
const readOrigin = Effect.fnUntraced(function* (
  origin: string,
  local: Effect.Success<ReturnType<typeof statRegular>>,
  known: Version,
  sha256: string | undefined,
) {
  const expectation: Expectation = {
    digest: sha256 === undefined ? undefined : { of: "content", algorithm: "sha256", value: sha256 },
    limitBytes,
  }
  if (isUrl(origin)) {
    if (lacksSecrets(origin)) {
      return yield* new SourceFailed({
        source: origin,
        found: "an address without its password or key, which are not stored",
        expected: "the whole address",
      })
    }
    const downloaded = yield* downloadIfChanged(origin, limitBytes, known)
    if (downloaded === undefined) return undefined
    const { bytes, ...version } = downloaded
    const content = yield* verifyContent(bytes, showUrl(origin), expectation)
    yield* checkIdx(content)
    return { content, version }
  }
  if (local === undefined) {
    return yield* new SourceFailed({
      source: origin,
      found: "no file",
      expected: `SHA-256 ${sha256}`,
      local: "missing",
    })
  }
  const content = yield* read(origin, limitBytes).pipe(
    Effect.flatMap((bytes) => verifyContent(bytes, origin, expectation)),
    ofLocalFile("damaged"),
  )
  return { content, version: local }
})

const adviceFor = (origin: string, recorded: string | undefined, folder: string) =>
  recorded !== undefined
    ? lacksSecrets(origin)
      ? `the run started with content that the cache has lost: put it, uncompressed, at ${folder}/${recorded}.idx, or start a new run`
      : `the run started with that content: put it back at ${showUrl(origin)}, or start a new run`
    : isUrl(origin)
      ? "check the URL and the network; with its sha256 in the experiment the file is downloaded only once"
      : "check the file and its sha256 in the experiment"

export const fetchOwnFile = Effect.fn("fetchOwnFile")(function* (options: {
  readonly dataset: string
  readonly file: string
  /** In the experiment. */
  readonly source: Source
  /** The digest in the record of a resumed run. */
  readonly recorded: string | undefined
  readonly dataDir: string
}) {
  const { dataDir, dataset, file, recorded, source } = options
  const sha256 = recorded ?? source.sha256
  const paths = yield* Path.Path
  const folder = yield* ownFolder(dataDir)
  const inCache = yield* findCached(folder, sha256)
  if (inCache !== undefined) return inCache

  const address = addressOf(source)
  const origin = isUrl(address) ? address : paths.resolve(pathOf(address))
  const originDigest = yield* digestOf("sha256", new TextEncoder().encode(origin))
  const originPath = paths.join(folder, `${originDigest}.origin.json`)
  const before = yield* readOriginRecord(originPath)
  const local = isUrl(origin) ? undefined : yield* statRegular(origin)
  if (!isUrl(origin) && local === undefined && recorded === undefined)
    return yield* new OwnFileNotFound({ dataset, file, path: origin })

  const known = sha256 === undefined ? yield* findCached(folder, before?.sha256) : undefined
  const isUnchanged = before?.sizeBytes === local?.sizeBytes && before?.modifiedMs === local?.modifiedMs
  if (known !== undefined && local !== undefined && isUnchanged) return known

  // If the new content is not available the old is not used: images and labels would be of two versions.
  const now = readOrigin(origin, local, known === undefined ? {} : { ...before }, sha256)
  const found = yield* firstOf([now], [], { dataset, file, advice: adviceFor(origin, recorded, folder) })
  if (found === undefined) return known as FetchedFile
  const { content, version } = found
  if (before !== undefined && before.sha256 !== content.sha256) {
    yield* Effect.logInfo(`${file} of ${dataset} has changed since the last fetch`)
  }
  const kept: FetchedFile =
    (yield* findCached(folder, content.sha256)) ??
    (yield* keep(paths.join(folder, `${content.sha256}.idx`), content))
  const record: typeof Origin.Type = { origin: showUrl(origin), sha256: content.sha256, ...version }
  yield* writeAtomic(originPath, `${JSON.stringify(record, null, 2)}\n`)
  return kept
})
