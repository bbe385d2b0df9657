/**
 * Verifies the content of a source: (bytes, expected digest and size) -> the uncompressed content and its SHA-256.
 *
 * Gzip is recognized by its first bytes, not by the file name, and inflated up to a limit, so that a small file cannot fill
 * the memory: an IDX file only to the size that its header declares. Content is verified whatever its source.
 */
import { promisify } from "node:util"
import { constants, gunzip, gunzipSync } from "node:zlib"
import { Effect } from "effect"
import { foreignContent } from "../../format/foreignContent.ts"
import type { Digest } from "./datasets.ts"
import { declaredBytes } from "../dataset/idx.ts"
import { digestOf } from "../digest.ts"
import { type Content, SourceFailed } from "./sources.ts"

export interface Expectation {
  /** Undefined if it is not known yet. */
  readonly digest: Digest | undefined
  /** The largest size of the uncompressed content. */
  readonly limitBytes: number
  /** The exact size, if it is known. */
  readonly sizeBytes?: number
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

const describe = (bytes: Uint8Array): string => {
  const kind = isGzip(bytes) ? "a gzip file" : foreignContent(bytes)?.found
  return `${kind === undefined ? "" : `${kind} of `}${bytes.byteLength} bytes`
}

const inflate = promisify(gunzip)

/** Content that is not IDX is refused later, so that no more of it is needed. */
const mostOfOtherBytes = 2 ** 20

/** The uncompressed size that the IDX header at the beginning of the content declares: a small file may inflate to anything. */
const inflatedLimit = (bytes: Uint8Array): number => {
  try {
    // 4 kB inflate to at most 4 MB, and a header has at most 1024 bytes.
    const start = gunzipSync(bytes.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH })
    const declared = declaredBytes(start)
    return declared === undefined ? mostOfOtherBytes : Number(declared)
  } catch {
    return mostOfOtherBytes
  }
}

/** `most`: the limit of the source. */
const uncompressed = (bytes: Uint8Array, source: string, most: number) => {
  const limitBytes = Math.max(1, Math.min(most, inflatedLimit(bytes)))
  return Effect.tryPromise({
    try: () => inflate(bytes, { maxOutputLength: limitBytes }),
    catch: (error) => {
      const code = error instanceof Error && "code" in error ? String(error.code) : String(error)
      return code === "ERR_BUFFER_TOO_LARGE"
        ? new SourceFailed({
            source,
            found: `a gzip file that inflates to more than ${limitBytes} bytes`,
            expected: `at most ${limitBytes}`,
          })
        : new SourceFailed({
            source,
            found: `${describe(bytes)} that cannot be inflated (${code})`,
            expected: "a whole gzip file",
          })
    },
  })
}

/** Fails if another thing is in place of the file. */
const checkForeign = (bytes: Uint8Array, source: string) => {
  const foreign = foreignContent(bytes)
  if (foreign === undefined) return Effect.void
  const expected = `the file itself; ${foreign.advice}`
  return Effect.fail(new SourceFailed({ source, found: describe(bytes), expected }))
}

export const verifyContent = Effect.fn("verifyContent")(function* (
  bytes: Uint8Array,
  source: string,
  expectation: Expectation,
) {
  const { digest, limitBytes, sizeBytes } = expectation
  const check = Effect.fnUntraced(function* (
    candidate: Uint8Array,
    algorithm: "sha256" | "md5",
    value: string,
  ) {
    const found = yield* digestOf(algorithm, candidate)
    if (found === value) return
    const name = algorithm === "sha256" ? "SHA-256" : "MD5"
    return yield* new SourceFailed({
      source,
      found: `${describe(candidate)} of ${name} ${found}`,
      expected: `${name} ${value}`,
    })
  })

  yield* checkForeign(bytes, source)
  if (digest?.of === "download") yield* check(bytes, digest.algorithm, digest.value)
  const content = isGzip(bytes) ? yield* uncompressed(bytes, source, limitBytes) : bytes
  yield* checkForeign(content, source)
  if (content.byteLength > limitBytes || (sizeBytes !== undefined && content.byteLength !== sizeBytes)) {
    return yield* new SourceFailed({
      source,
      found: describe(content),
      expected: sizeBytes === undefined ? `at most ${limitBytes} bytes` : `${sizeBytes} bytes`,
    })
  }
  if (digest?.of === "content") {
    yield* check(content, digest.algorithm, digest.value)
    return { bytes: content, sha256: digest.value, source } satisfies Content as Content
  }
  return { bytes: content, sha256: yield* digestOf("sha256", content), source } satisfies Content as Content
})
