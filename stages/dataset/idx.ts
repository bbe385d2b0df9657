/**
 * The IDX file format: (bytes) -> type, dimensions and values, or an error; and back.
 *
 * Two zero bytes, one byte for the element type, one for the rank, an unsigned 32-bit size for each dimension, then
 * the values in row-major order; every number is big-endian. Source: LeCun, Cortes and Burges, "The MNIST database of
 * handwritten digits" (1998), section "The IDX file format", and Lush's libidx. Missing and trailing bytes are
 * refused, and no memory is allocated before the dimensions are known to fit the file.
 */
import { Result, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"

/** Element types by their code in the file. */
const types = {
  0x08: { name: "uint8", sizeBytes: 1 },
  0x09: { name: "int8", sizeBytes: 1 },
  0x0b: { name: "int16", sizeBytes: 2 },
  0x0c: { name: "int32", sizeBytes: 4 },
  0x0d: { name: "float32", sizeBytes: 4 },
  0x0e: { name: "float64", sizeBytes: 8 },
} as const
type TypeCode = keyof typeof types
const typeCodes = Object.keys(types).map(Number) as ReadonlyArray<TypeCode>

export type Idx = { readonly dims: ReadonlyArray<number> } & (
  | { readonly type: "uint8"; readonly data: Uint8Array }
  | { readonly type: "int8"; readonly data: Int8Array }
  | { readonly type: "int16"; readonly data: Int16Array }
  | { readonly type: "int32"; readonly data: Int32Array }
  | { readonly type: "float32"; readonly data: Float32Array }
  | { readonly type: "float64"; readonly data: Float64Array }
)

/** A file that is not IDX, or not a whole one. */
export class IdxInvalid extends Failure<IdxInvalid>()("IdxInvalid", {
  exitCode: "dataError",
  fields: { path: Schema.String, found: Schema.String, expected: Schema.String, advice: Schema.String },
  message: ({ advice, expected, found, path }) =>
    `${path} is not a valid IDX file: found ${found}, expected ${expected}; ${advice}`,
}) {}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Reverses the byte order of every element in place. */
const swap = (bytes: Uint8Array, sizeBytes: number): void => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (sizeBytes === 2) buffer.swap16()
  else if (sizeBytes === 4) buffer.swap32()
  else if (sizeBytes === 8) buffer.swap64()
}

const asType = (type: TypeCode, dims: ReadonlyArray<number>, bytes: Uint8Array): Idx => {
  // Bytes are a view. Wider values are copied, because they must be aligned and in the byte order of the machine.
  if (type === 0x08) return { type: "uint8", dims, data: bytes }
  if (type === 0x09) {
    return { type: "int8", dims, data: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
  }
  const copy = new Uint8Array(bytes)
  if (littleEndian) swap(copy, types[type].sizeBytes)
  switch (type) {
    case 0x0b:
      return { type: "int16", dims, data: new Int16Array(copy.buffer) }
    case 0x0c:
      return { type: "int32", dims, data: new Int32Array(copy.buffer) }
    case 0x0d:
      return { type: "float32", dims, data: new Float32Array(copy.buffer) }
    case 0x0e:
      return { type: "float64", dims, data: new Float64Array(copy.buffer) }
  }
}

/** Describes a file without an IDX header. */
const headerFound = (bytes: Uint8Array): string => {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "a gzip file"
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return "a zip archive"
  if (bytes[0] === 0x3c) return "an HTML or XML page"
  return `the bytes ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")}`
}

/** The size of the whole file that a header declares, in bytes; undefined if `start` does not begin with a whole header. */
export const declaredBytes = (start: Uint8Array): bigint | undefined => {
  const type = typeCodes.find((code) => code === start[2])
  const headerBytes = 4 + 4 * (start[3] ?? 0)
  if (start[0] !== 0 || start[1] !== 0 || type === undefined || start.byteLength < headerBytes)
    return undefined
  // The product of 255 dimensions of 2^32 fits no other number type.
  const values = dimsOf(start).reduce((product, dim) => product * BigInt(dim), 1n)
  return values * BigInt(types[type].sizeBytes) + BigInt(headerBytes)
}

const dimsOf = (bytes: Uint8Array): ReadonlyArray<number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes[3] }, (_, axis) => view.getUint32(4 + 4 * axis))
}

/** Bytes that are enough for any header. */
export const longestHeaderBytes = 4 + 4 * 255

interface IdxHeader {
  readonly type: TypeCode
  readonly dims: ReadonlyArray<number>
  /** The offset of the first value. */
  readonly headerBytes: number
}

/** `start`: the first bytes of a file of `sizeBytes`. `path` is used in messages only. */
const parseHeader = (
  start: Uint8Array,
  sizeBytes: number,
  path: string,
): Result.Result<IdxHeader, IdxInvalid> => {
  const invalid = (found: string, expected: string, advice: string) =>
    Result.fail(new IdxInvalid({ path, found, expected, advice }))
  const truncated = "the file is truncated: get it again"
  if (start.byteLength < 4) return invalid(`${start.byteLength} bytes`, "a header of at least 4", truncated)
  const type = typeCodes.find((code) => code === start[2])
  if (start[0] !== 0 || start[1] !== 0 || type === undefined) {
    return invalid(
      headerFound(start),
      `00 00, then an element type of ${typeCodes.map((code) => code.toString(16).padStart(2, "0")).join(", ")}`,
      "give the uncompressed IDX file",
    )
  }
  const rank = start[3]
  const headerBytes = 4 + 4 * rank
  const expectedBytes = declaredBytes(start)
  if (expectedBytes === undefined) {
    return invalid(`${sizeBytes} bytes`, `a header of ${headerBytes} for ${rank} dimensions`, truncated)
  }
  const dims = dimsOf(start)
  if (expectedBytes !== BigInt(sizeBytes)) {
    return invalid(
      `${sizeBytes} bytes`,
      `${expectedBytes} for ${types[type].name} values of shape [${dims.join(", ")}]`,
      expectedBytes > sizeBytes ? truncated : "the file has trailing bytes: get it again",
    )
  }
  return Result.succeed({ type, dims, headerBytes })
}

/** Type and dimensions of a file whose values are not read. */
export const parseIdxHeader = (start: Uint8Array, sizeBytes: number, path: string) =>
  Result.map(parseHeader(start, sizeBytes, path), ({ dims, headerBytes, type }) => ({
    type: types[type].name,
    dims,
    headerBytes,
  }))

/** `path` is used in messages only. One-byte elements are a view of `bytes`, wider ones a copy. */
export const parseIdx = (bytes: Uint8Array, path: string): Result.Result<Idx, IdxInvalid> =>
  Result.map(parseHeader(bytes, bytes.byteLength, path), ({ dims, headerBytes, type }) =>
    asType(type, dims, bytes.subarray(headerBytes)),
  )

/** The header of a file of bytes with these dimensions. */
export const idxHeader = (dims: ReadonlyArray<number>): Uint8Array =>
  encodeIdx({ type: "uint8", dims, data: new Uint8Array(0) })

/** Encodes values as a file that `parseIdx` reads. */
export const encodeIdx = (idx: Idx): Uint8Array => {
  const type = typeCodes.find((code) => types[code].name === idx.type)!
  const headerBytes = 4 + 4 * idx.dims.length
  const bytes = new Uint8Array(headerBytes + idx.data.byteLength)
  bytes[2] = type
  bytes[3] = idx.dims.length
  const view = new DataView(bytes.buffer)
  idx.dims.forEach((dim, axis) => view.setUint32(4 + 4 * axis, dim))
  const body = bytes.subarray(headerBytes)
  body.set(new Uint8Array(idx.data.buffer, idx.data.byteOffset, idx.data.byteLength))
  if (littleEndian) swap(body, types[type].sizeBytes)
  return bytes
}
