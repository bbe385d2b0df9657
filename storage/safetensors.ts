/**
 * Tensors and text in one file: the safetensors format (https://github.com/huggingface/safetensors, format description
 * of 2023), with a digest of its own, which the format lacks.
 *
 * Layout: 8 bytes little-endian length of the header; the header, JSON of name -> { dtype, shape, data_offsets } and
 * `__metadata__` (text -> text), padded with spaces to a multiple of 8; the data, little-endian, without gaps.
 * `__metadata__.sha256` is the SHA-256 of the whole file with 64 zeros in its place; it comes first in the header.
 */
import { createHash } from "node:crypto"
import { Result, Schema } from "effect"
import { foreignContent } from "../format/foreignContent.ts"
import { Failure } from "../schemas/Failure.ts"

const elements = {
  F32: { bytes: 4, view: (b: ArrayBuffer, at: number, n: number) => new Float32Array(b, at, n) },
  I32: { bytes: 4, view: (b: ArrayBuffer, at: number, n: number) => new Int32Array(b, at, n) },
  U8: { bytes: 1, view: (b: ArrayBuffer, at: number, n: number) => new Uint8Array(b, at, n) },
} as const

export interface Tensor {
  readonly name: string
  readonly shape: ReadonlyArray<number>
  /** float32, int32 or uint8, row-major. */
  readonly data: Float32Array | Int32Array | Uint8Array
}

export interface Tensors {
  readonly tensors: ReadonlyArray<Tensor>
  readonly metadata: Readonly<Record<string, string>>
}

/** The bytes are not what was written: torn, changed, or not safetensors at all. */
export class SafetensorsInvalid extends Failure<SafetensorsInvalid>()("SafetensorsInvalid", {
  exitCode: "dataError",
  fields: { found: Schema.String, expected: Schema.String },
  message: ({ expected, found }) => `found ${found}, expected ${expected}`,
}) {}

const dtypeOf = (data: Tensor["data"]) =>
  data instanceof Float32Array ? "F32" : data instanceof Int32Array ? "I32" : "U8"

const emptyDigest = "0".repeat(64)
/** How every header of ours begins: the digest's value stands at a fixed place. */
const beginning = new TextEncoder().encode(`{"__metadata__":{"sha256":"`)
const digestAt = 8 + beginning.length

const bytesOf = (data: Tensor["data"]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/**
 * The file as the parts that make it: the header, and the data of each tensor. They are not copied, so until the file is written
 * they must not change.
 */
export const safetensorsParts = ({ metadata, tensors }: Tensors): ReadonlyArray<Uint8Array> => {
  const header: Record<string, unknown> = { __metadata__: { sha256: emptyDigest, ...metadata } }
  let offset = 0
  for (const { data, name, shape } of tensors) {
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [offset, offset + data.byteLength] }
    offset += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const headerLength = Math.ceil(json.length / 8) * 8
  const first = new Uint8Array(8 + headerLength).fill(0x20, 8 + json.length)
  new DataView(first.buffer).setBigUint64(0, BigInt(headerLength), true)
  first.set(json, 8)
  const parts = [first, ...tensors.map(({ data }) => bytesOf(data))]
  const hash = createHash("sha256")
  for (const part of parts) hash.update(part)
  first.set(new TextEncoder().encode(hash.digest("hex")), digestAt)
  return parts
}

/** The whole file. */
export const encodeSafetensors = (tensors: Tensors): Uint8Array => {
  const parts = safetensorsParts(tensors)
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const Header = Schema.Record(
  Schema.String,
  Schema.Struct({
    dtype: Schema.Literals(["F32", "I32", "U8"]),
    shape: Schema.Array(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
    data_offsets: Schema.Tuple([Schema.Int, Schema.Int]),
  }),
)
const decodeHeader = Schema.decodeUnknownResult(Header)
const decodeMetadata = Schema.decodeUnknownResult(Schema.Record(Schema.String, Schema.String))

const invalid = (found: string, expected: string) => Result.fail(new SafetensorsInvalid({ found, expected }))

/** Verifies the digest before anything else is believed. The tensors' data are copies. */
export const decodeSafetensors = (bytes: Uint8Array): Result.Result<Tensors, SafetensorsInvalid> => {
  const foreign = foreignContent(bytes)
  if (foreign !== undefined) return invalid(foreign.found, `a safetensors file; ${foreign.advice}`)
  if (bytes.length < digestAt + 64) return invalid(`${bytes.length} bytes`, "a safetensors file")
  const declared = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)
  if (declared > BigInt(bytes.length - 8)) {
    return invalid(`a header of ${declared} bytes in a file of ${bytes.length}`, "a header inside the file")
  }
  const headerLength = Number(declared)
  if (beginning.some((byte, i) => bytes[8 + i] !== byte)) {
    return invalid("a header without a digest", "one that begins with __metadata__.sha256")
  }
  const recorded = new TextDecoder().decode(bytes.subarray(digestAt, digestAt + 64))
  const digest = createHash("sha256")
    .update(bytes.subarray(0, digestAt))
    .update(emptyDigest)
    .update(bytes.subarray(digestAt + 64))
    .digest("hex")
  if (digest !== recorded) return invalid(`SHA-256 ${digest}`, `${recorded}, as recorded`)

  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)))
  } catch {
    return invalid("a header that is not JSON", "JSON")
  }
  if (typeof parsed !== "object" || parsed === null || !("__metadata__" in parsed)) {
    return invalid("a header without __metadata__", "name -> tensor and __metadata__")
  }
  const { __metadata__, ...entries } = parsed
  const metadata = decodeMetadata(__metadata__)
  const header = decodeHeader(entries)
  if (Result.isFailure(metadata)) return invalid("__metadata__ that is not text", "text -> text")
  if (Result.isFailure(header)) return invalid(`a header with ${header.failure.message}`, "name -> tensor")

  const dataStart = 8 + headerLength
  const dataLength = bytes.length - dataStart
  const tensors: Array<Tensor> = []
  let copied = 0
  for (const [name, { data_offsets, dtype, shape }] of Object.entries(header.success)) {
    const [from, to] = data_offsets
    const size = shape.reduce((a, b) => a * b, 1)
    if (from < 0 || to > dataLength || to - from !== size * elements[dtype].bytes) {
      return invalid(`${name} at bytes ${from} to ${to}`, `${size} values within ${dataLength} bytes`)
    }
    copied += to - from
    if (copied > dataLength) return invalid("tensors that overlap", "data of their own for each")
    // Not `slice`: on what Node.js reads from a file (a Buffer) that is a view, not a copy.
    const copy = new Uint8Array(bytes.subarray(dataStart + from, dataStart + to))
    tensors.push({ name, shape, data: elements[dtype].view(copy.buffer, 0, size) })
  }
  const { sha256: _, ...rest } = metadata.success
  return Result.succeed({ tensors, metadata: rest })
}
