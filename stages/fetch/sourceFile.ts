/**
 * Fetches a file of a packed dataset: (path, or address and SHA-256) -> a path on this machine whose content has the digest.
 *
 * A download is kept in the cache under its digest, so it is downloaded once. A file of this machine is not copied: what is
 * read of it is packed.
 */
import { Effect, Path } from "effect"
import { foreignContent } from "../../format/foreignContent.ts"
import { showUrl } from "../../format/showUrl.ts"
import type { SourceFile } from "../../schemas/experiment/SourceFile.ts"
import { largestFileBytes } from "../../storage/regularFile.ts"
import { digestOf, digestOfFile } from "../digest.ts"
import { localFiles } from "../pack/sourceFiles.ts"
import { addressOf, isUrl, lacksSecrets, pathOf } from "./address.ts"
import { keep, lookUp } from "./cache.ts"
import { download } from "./download.ts"
import { firstOf, SourceFailed } from "./sources.ts"

/** A file as it is shown, without secrets. */
export const nameOf = (file: SourceFile): string =>
  typeof file === "string" ? file : isUrl(file.source) ? showUrl(file.source) : pathOf(file.source)

/** A text that changes with the content of a file. */
export const sourceVersion = (file: SourceFile) => {
  if (typeof file === "string") return localFiles.version(file)
  return isUrl(file.source)
    ? Effect.succeed(`sha256 ${file.sha256}`)
    : Effect.map(localFiles.version(pathOf(file.source)), (version) => `${version}\0${file.sha256}`)
}

const wrongDigest = (source: string, bytes: Uint8Array, sha256: string, expected: string) => {
  const foreign = foreignContent(bytes)
  const kind = foreign === undefined ? "" : `${foreign.found} of `
  return new SourceFailed({
    source,
    found: `${kind}${bytes.byteLength} bytes of SHA-256 ${sha256}`,
    expected: `SHA-256 ${expected}${foreign === undefined ? "" : `; ${foreign.advice}`}`,
  })
}

const downloadVerified = Effect.fnUntraced(function* (address: string, sha256: string) {
  if (lacksSecrets(address)) {
    return yield* new SourceFailed({
      source: address,
      found: "an address without its password or key, which are not stored",
      expected: "the whole address",
    })
  }
  const bytes = yield* download(address, largestFileBytes)
  const found = yield* digestOf("sha256", bytes)
  const source = showUrl(address)
  if (found !== sha256) return yield* wrongDigest(source, bytes, found, sha256)
  return { bytes, sha256, source }
})

/** `field`: of the file in the experiment, for messages. */
export const fetchSourceFile = Effect.fn("fetchSourceFile")(function* (options: {
  readonly dataset: string
  readonly field: string
  readonly file: SourceFile
  readonly dataDir: string
}) {
  const { dataDir, dataset, field, file } = options
  const paths = yield* Path.Path
  if (typeof file === "string") return paths.resolve(file)
  const { sha256 } = file
  const address = addressOf(file)
  if (!isUrl(address)) {
    const path = paths.resolve(pathOf(address))
    if (sha256 === undefined) return path
    const found = yield* digestOfFile(path)
    if (found === sha256) return path
    const failed = new SourceFailed({
      source: path,
      found: `SHA-256 ${found}`,
      expected: `SHA-256 ${sha256}`,
      local: "damaged",
    })
    return yield* firstOf([Effect.fail(failed)], [], {
      dataset,
      file: field,
      advice: "check the file and its sha256 in the experiment",
    })
  }
  const digest = sha256 ?? ""
  const kept = paths.join(paths.resolve(dataDir), "own", `${digest}.file`)
  const cached = yield* lookUp(kept, digest)
  if (cached.kind === "verified") return cached.file.path
  const content = yield* firstOf([downloadVerified(address, digest)], [], {
    dataset,
    file: field,
    advice: "check the URL, its sha256 in the experiment, and the network",
  })
  return (yield* keep(kept, content)).path
})
