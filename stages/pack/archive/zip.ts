/**
 * Unpacks a ZIP archive: (bytes by position) -> members.
 *
 * Read by yauzl, with Zip64, without encryption and other compression than deflate. The CRC-32 of each file is compared here,
 * which the reader does not do.
 */
import { Readable } from "node:stream"
import { crc32 } from "node:zlib"
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl"
import type { OpenFile } from "../../../storage/openFile.ts"
import { ArchiveFault } from "./limit.ts"
import type { Members } from "./members.ts"

const pieceBytes = 2 ** 20

class Reader extends RandomAccessReader {
  readonly #file: OpenFile
  constructor(file: OpenFile) {
    super()
    this.#file = file
  }
  override _readStreamForRange(start: number, end: number) {
    const read = this.#file.read
    const pieces = function* () {
      for (let at = start; at < end; at += pieceBytes) yield read(at, Math.min(pieceBytes, end - at))
    }
    return Readable.from(pieces(), { objectMode: false })
  }
}

/** The kind of a file of Unix, in the upper half of its attributes: 12 is a regular file, 10 a link. */
const isLink = ({ externalFileAttributes, versionMadeBy }: Entry) =>
  versionMadeBy >> 8 === 3 && externalFileAttributes >>> 28 === 0b1010

const damaged = (name: string, found: string) =>
  new ArchiveFault(
    `${found} in ${JSON.stringify(name)}`,
    "a ZIP archive",
    "the archive is damaged: get it again",
  )

export const unpackZip = async (
  file: OpenFile,
  { begin, count, refuse }: ReturnType<Members["unpacking"]>,
): Promise<void> => {
  const archive = await fromRandomAccessReaderPromise(new Reader(file), file.sizeBytes, { autoClose: false })
  for await (const entry of archive.eachEntry()) {
    const name = entry.fileName
    if (name.endsWith("/")) continue
    if (isLink(entry)) {
      refuse(name, "a link")
      continue
    }
    if (entry.isEncrypted()) {
      throw new ArchiveFault(
        `an encrypted file ${JSON.stringify(name)}`,
        "a ZIP archive without a password",
        "make it again without one",
      )
    }
    if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
      throw new ArchiveFault(
        `compression method ${entry.compressionMethod} of ${JSON.stringify(name)}`,
        "a ZIP archive",
        "compress it with deflate",
      )
    }
    const member = begin(name, entry.uncompressedSize)
    let sum = 0
    for await (const bytes of await archive.openReadStreamPromise(entry)) {
      const piece = bytes as Uint8Array
      count(piece.byteLength)
      sum = crc32(piece, sum)
      member.write(piece)
    }
    if (sum !== entry.crc32) throw damaged(name, "content that does not have its checksum")
    member.end()
  }
}

/** The fault of an archive that cannot be read to its end. */
export const zipFault = (error: unknown) =>
  new ArchiveFault(
    error instanceof Error && "code" in error
      ? `damaged data (${String(error.code)})`
      : error instanceof Error
        ? error.message.replace(/^.*: (?=invalid|expected)|\.$/g, "")
        : String(error),
    "a ZIP archive",
    "the archive is damaged: get it again",
  )
