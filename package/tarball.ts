/**
 * Packs the files of a package: (files) -> the bytes of its tarball, the same on every machine with the same Node.js.
 *
 * What differs from build to build is fixed: files are sorted by path and have npm's own date, user 0 and the mode 644, or 755
 * for a program. The format is ustar (POSIX.1-1988), as npm writes it.
 */
import { promisify } from "node:util"
import { constants, gzip } from "node:zlib"

export interface PackedFile {
  /** Below the package, with "/". */
  readonly path: string
  readonly bytes: Uint8Array
  readonly isProgram?: boolean
}

const blockSize = 512
const longestName = 100
/** 26 October 1985, which npm gives to every file: zip files cannot be older than 1980. */
const modified = 499_162_500
/** In the header of gzip, the operating system: Node.js writes its own there, this is "unknown". */
const systemOffset = 9
const unknownSystem = 255

const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, "0")}\0`

/** The fields of a header with their offsets and values. The checksum is that of a header with eight spaces in its place. */
const headerOf = ({ bytes, isProgram, path }: PackedFile): Uint8Array => {
  const name = `package/${path}`
  if (Buffer.byteLength(name) > longestName) {
    throw new Error(`cannot pack ${path}: its path has more than ${longestName} bytes`)
  }
  const header = Buffer.alloc(blockSize)
  const fields: ReadonlyArray<readonly [offset: number, text: string]> = [
    [0, name],
    [100, octal(isProgram === true ? 0o755 : 0o644, 8)],
    [108, octal(0, 8)],
    [116, octal(0, 8)],
    [124, octal(bytes.length, 12)],
    [136, octal(modified, 12)],
    [148, " ".repeat(8)],
    [156, "0"],
    [257, "ustar\x0000"],
  ]
  for (const [offset, text] of fields) header.write(text, offset)
  const checksum = header.reduce((sum, byte) => sum + byte, 0)
  header.write(`${checksum.toString(8).padStart(6, "0")}\0 `, 148)
  return header
}

const padding = (size: number) => Buffer.alloc((blockSize - (size % blockSize)) % blockSize)

const byPath = (a: PackedFile, b: PackedFile) => (a.path < b.path ? -1 : 1)

export const pack = async (files: ReadonlyArray<PackedFile>): Promise<Uint8Array> => {
  const parts = files
    .toSorted(byPath)
    .flatMap((file) => [headerOf(file), file.bytes, padding(file.bytes.length)])
  const end = Buffer.alloc(2 * blockSize)
  const packed = await promisify(gzip)(Buffer.concat([...parts, end]), {
    level: constants.Z_BEST_COMPRESSION,
  })
  packed[systemOffset] = unknownSystem
  return packed
}
