/**
 * Opens an archive: (file, folder of the cache) -> its files, until the scope ends. The kind is recognized by its first bytes.
 */
import { Effect } from "effect"
import { foreignContent } from "../../../format/foreignContent.ts"
import type { OpenFile } from "../../../storage/openFile.ts"
import { StorageFailed } from "../../../storage/StorageFailed.ts"
import { SourceInvalid } from "../SourceInvalid.ts"
import { type Compression, compressionOf } from "./content.ts"
import { ArchiveFault } from "./limit.ts"
import { makeMembers, type Members } from "./members.ts"
import { tarFault, unpackTar } from "./tar.ts"
import { unpackZip, zipFault } from "./zip.ts"

const startsWith = (bytes: Uint8Array, start: ReadonlyArray<number>, at = 0) =>
  start.every((byte, i) => bytes[at + i] === byte)

type Kind = "ZIP" | Compression

/** Compressions for which no reader in JavaScript is maintained: their first bytes, and the program that reads them. */
const unread = [
  { found: "a bzip2 file", start: [0x42, 0x5a, 0x68], program: "bzip2" },
  { found: "an xz file", start: [0xfd, 0x37, 0x7a, 0x58, 0x5a], program: "xz" },
  { found: "an LZ4 file", start: [0x04, 0x22, 0x4d, 0x18], program: "lz4" },
  { found: "an lzip file", start: [0x4c, 0x5a, 0x49, 0x50], program: "lzip" },
]

const packAgain = "pack the files again in one of these formats"
const saveAgain = "save the arrays again with numpy.savez"

interface Unknown {
  readonly found: string
  readonly advice: string
}

/** What the first bytes show: a kind that is read, or the name of one that is not. */
const kindOf = (start: Uint8Array): { readonly kind: Kind } | Unknown => {
  if (startsWith(start, [0x50, 0x4b, 3, 4]) || startsWith(start, [0x50, 0x4b, 5, 6])) return { kind: "ZIP" }
  const compression = compressionOf(start)
  if (compression !== "none") return { kind: compression }
  if (startsWith(start, [0x75, 0x73, 0x74, 0x61, 0x72], 257)) return { kind: "none" }
  const other = unread.find((each) => startsWith(start, each.start))
  if (other !== undefined) {
    const advice = `convert it with \`${other.program} -dc FILE | gzip > FILE.gz\``
    return { found: other.found, advice }
  }
  const unknown = (found: string): Unknown => ({ found, advice: packAgain })
  if (startsWith(start, [0x37, 0x7a, 0xbc, 0xaf])) return unknown("a 7z archive")
  if (startsWith(start, [0x52, 0x61, 0x72, 0x21])) return unknown("a RAR archive")
  return unknown(start.length === 0 ? "an empty file" : (foreignContent(start)?.found ?? "another file"))
}

/** Adds the content of an archive to the members. `name`: of the archive in messages. `only`: of a file of `numpy.savez`. */
export const addArchive = Effect.fn("addArchive")(function* (
  members: Members,
  file: OpenFile,
  name: string,
  options: { readonly prefix?: string; readonly only?: "ZIP" } = {},
) {
  const invalid = (found: string, expected: string, advice: string) =>
    new SourceInvalid({ path: name, found, expected, advice })
  const recognized = kindOf(file.read(0, 512))
  const expected =
    options.only === "ZIP" ? "a ZIP archive" : "a ZIP archive, or a tar archive, plain, gzip or zstd"
  if ("found" in recognized || (options.only === "ZIP" && recognized.kind !== "ZIP")) {
    const { advice, found } =
      "found" in recognized ? recognized : { found: "another archive", advice: packAgain }
    // Converted to gzip, an array file would be refused again.
    return yield* invalid(found, expected, options.only === "ZIP" ? saveAgain : advice)
  }
  const { kind } = recognized
  const unpacking = members.unpacking(file.sizeBytes, options.prefix)
  yield* Effect.tryPromise({
    try: () => (kind === "ZIP" ? unpackZip(file, unpacking) : unpackTar(file, kind, unpacking)),
    catch: (error) => {
      if (error instanceof StorageFailed) return error
      const fault = error instanceof ArchiveFault ? error : kind === "ZIP" ? zipFault(error) : tarFault(error)
      return invalid(fault.message, fault.expected, fault.advice)
    },
  })
})

/** The files of one archive. */
export const openArchive = Effect.fn("openArchive")(function* (file: OpenFile, name: string, folder: string) {
  const members = yield* makeMembers(folder)
  yield* addArchive(members, file, name)
  return members.files()
})
