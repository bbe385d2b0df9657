/**
 * Reads files of a ZIP archive in memory: (bytes) -> the names and sizes of its files, and the content of one.
 *
 * After PKWARE's APPNOTE 6.3.10 (2022), without encryption and other compression than deflate. Written here because the
 * readers on npm do not compare the CRC-32 of the content, and because a file must not inflate beyond the size that the
 * caller allows, whatever the archive declares.
 */
import { crc32, inflateRawSync } from "node:zlib"
import { Result } from "effect"
import { SourceInvalid } from "./SourceInvalid.ts"

export interface ZipFile {
  readonly name: string
  readonly sizeBytes: number
  readonly compressedBytes: number
  readonly method: number
  readonly isEncrypted: boolean
  readonly crc: number
  /** Of the local header. */
  readonly at: number
}

const endSignature = 0x06054b50
const end64Signature = 0x06064b50
const centralSignature = 0x02014b50
const localSignature = 0x04034b50
const endBytes = 22

/** A name and a comment of 64 KiB each may follow the fixed part. */
const findEnd = (view: DataView): number => {
  const last = view.byteLength - endBytes
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (view.getUint32(at, true) === endSignature) return at
  }
  return -1
}

/** Sizes and place of a file whose 32 bits are full, from the extra field 1 (Zip64). */
const extended = (view: DataView, from: number, until: number, fields: ReadonlyArray<number>) => {
  for (let at = from; at + 4 <= until; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue
    let next = at + 4
    return fields.map((field) => {
      if (field !== 0xffffffff || next + 8 > until) return field
      next += 8
      return Number(view.getBigUint64(next - 8, true))
    })
  }
  return fields
}

const listFiles = (view: DataView, bytes: Uint8Array): ReadonlyArray<ZipFile> => {
  const end = findEnd(view)
  if (end < 0) throw new RangeError("no end of a ZIP archive")
  let files = view.getUint16(end + 10, true)
  let at = view.getUint32(end + 16, true)
  if (files === 0xffff || at === 0xffffffff) {
    const end64 = Number(view.getBigUint64(end - 20 + 8, true))
    if (view.getUint32(end64, true) !== end64Signature) throw new RangeError("no Zip64 end")
    files = Number(view.getBigUint64(end64 + 32, true))
    at = Number(view.getBigUint64(end64 + 48, true))
  }
  const found: Array<ZipFile> = []
  for (let file = 0; file < files; file++) {
    if (view.getUint32(at, true) !== centralSignature) throw new RangeError("a damaged directory")
    const nameEnd = at + 46 + view.getUint16(at + 28, true)
    const extraEnd = nameEnd + view.getUint16(at + 30, true)
    const [sizeBytes, compressedBytes, offset] = extended(view, nameEnd, extraEnd, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ])
    found.push({
      name: new TextDecoder().decode(bytes.subarray(at + 46, nameEnd)),
      sizeBytes,
      compressedBytes,
      method: view.getUint16(at + 10, true),
      isEncrypted: (view.getUint16(at + 8, true) & 1) !== 0,
      crc: view.getUint32(at + 16, true),
      at: offset,
    })
    at = extraEnd + view.getUint16(at + 32, true)
  }
  return found
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** What is wrong with an archive; a field beyond its end is a RangeError too. */
const invalid = (path: string, found: string, advice = "the archive is damaged: get it again") =>
  new SourceInvalid({ path, found, expected: "a ZIP archive", advice })

const reasonOf = (error: unknown) =>
  error instanceof RangeError && !error.message.includes("bounds")
    ? error.message
    : error instanceof Error && "code" in error
      ? `damaged data (${String(error.code)})`
      : "a truncated archive"

/** `path` is used in messages only. */
export const listZip = (
  bytes: Uint8Array,
  path: string,
): Result.Result<ReadonlyArray<ZipFile>, SourceInvalid> =>
  Result.try({
    try: () => listFiles(viewOf(bytes), bytes),
    catch: (error) => invalid(path, reasonOf(error)),
  })

/** The content of a file, verified by its CRC-32. */
export const readZip = (
  bytes: Uint8Array,
  file: ZipFile,
  path: string,
  limitBytes: number,
): Result.Result<Uint8Array, SourceInvalid> => {
  const at = `${path}/${file.name}`
  if (file.isEncrypted) return Result.fail(invalid(at, "an encrypted file", "store it without a password"))
  if (file.method !== 0 && file.method !== 8) {
    return Result.fail(invalid(at, `compression method ${file.method}`, "compress it with deflate"))
  }
  if (file.sizeBytes > limitBytes) {
    return Result.fail(
      invalid(at, `${file.sizeBytes} bytes, more than the ${limitBytes} that are read`, "use fewer examples"),
    )
  }
  return Result.try({
    try: () => {
      const view = viewOf(bytes)
      if (view.getUint32(file.at, true) !== localSignature) throw new RangeError("a damaged file header")
      const from = file.at + 30 + view.getUint16(file.at + 26, true) + view.getUint16(file.at + 28, true)
      const stored = bytes.subarray(from, from + file.compressedBytes)
      const content =
        file.method === 0 ? stored : inflateRawSync(stored, { maxOutputLength: Math.max(1, file.sizeBytes) })
      if (content.byteLength !== file.sizeBytes || crc32(content) !== file.crc) {
        throw new RangeError("content that does not have its checksum")
      }
      return content
    },
    catch: (error) => invalid(at, reasonOf(error)),
  })
}
