/**
 * A file of a user's own dataset: (path or URL, its SHA-256 where stated) -> a copy in the cache, named by its digest.
 *
 * Copied, because the original may change under a run, and a resumed run must find the bytes it began with. What an
 * origin gave is recorded: a path is read again only when its size or time of change differs; a URL without a stated
 * digest must go on giving what it gave first.
 */
import { Effect, Path, Runtime, Schema } from "effect"
import { type FetchedFile, Sha256 } from "../schemas/Dataset.ts"
import { read, readStringIfExists, stat, writeAtomic } from "../storage/files.ts"
import { keep, lookUp } from "./cache.ts"
import { type Expectation, verifyContent } from "./content.ts"
import { digestOf } from "./digest.ts"
import { download } from "./download.ts"
import { firstOf, SourceFailed } from "./sources.ts"

/** A resident dataset of more would not fit the machines this is for. */
const limitBytes = 2 ** 30

/** The experiment names a file that is not there. */
export class OwnFileNotFound extends Schema.TaggedError<OwnFileNotFound>()("OwnFileNotFound", {
  dataset: Schema.String,
  file: Schema.String,
  path: Schema.String,
}) {
  /** sysexits: EX_NOINPUT */
  override get [Runtime.errorExitCode]() {
    return 66
  }
  override get message() {
    return `${this.file} of ${this.dataset}: found no file ${this.path}, expected an IDX file, plain or gzip; correct dataset.${this.file}.source in the experiment (a relative path starts at the working folder)`
  }
}

/** What an origin gave when it was last looked at. */
const Origin = Schema.Struct({
  origin: Schema.String,
  sha256: Sha256,
  /** Of a path, before it was read. */
  sizeBytes: Schema.optionalKey(Schema.Int),
  modifiedMs: Schema.optionalKey(Schema.Finite),
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
  readonly sha256: string | undefined
  readonly dataDir: string
}) {
  const { dataDir, dataset, file, sha256, source } = options
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
  if (!isUrl && now === undefined) return yield* new OwnFileNotFound({ dataset, file, path: origin })

  const unchanged = seen?.sizeBytes === now?.sizeBytes && seen?.modifiedMs === now?.modifiedMs
  if (sha256 === undefined && unchanged) {
    const known = yield* cached(seen?.sha256)
    if (known !== undefined) return known
  }

  // A path may get new content, and its digest is then new; a URL may not, unless the experiment states the new digest.
  const value = sha256 ?? (isUrl ? seen?.sha256 : undefined)
  const expectation: Expectation = {
    digest: value === undefined ? undefined : { of: "content", algorithm: "sha256", value },
    limitBytes,
  }
  const getContent = Effect.gen(function* () {
    const bytes =
      now === undefined ? yield* download(origin, limitBytes) : yield* readLocal(origin, now.sizeBytes)
    return yield* verifyContent(bytes, origin, expectation)
  })
  const content = yield* firstOf([getContent], [], {
    dataset,
    file,
    advice: isUrl
      ? "check the URL and the network; if the new content is meant, state its sha256 in the experiment"
      : "check the file and the sha256 that the experiment states",
  })
  const kept: FetchedFile =
    (yield* cached(content.sha256)) ?? (yield* keep(cachePath(content.sha256), content))
  yield* writeAtomic(
    originPath,
    `${JSON.stringify({ origin, sha256: content.sha256, ...now } satisfies typeof Origin.Type, null, 2)}\n`,
  )
  return kept
})
