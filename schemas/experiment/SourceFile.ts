/** Where the files of a packed dataset are: a path on this machine, or an address with the digest of its content. */
import * as Schema from "effect/Schema"
import { Sha256 } from "./Sha256.ts"

const isAddress = (path: string) => /^[a-z][a-z0-9+.-]+:\/\//i.test(path)

const pathWith = (message: string) =>
  Schema.NonEmptyString.check(Schema.makeFilter((path: string) => !isAddress(path), { message }))

/** A folder on this machine, relative to the working folder; or in the archive, if the dataset names one. */
export const FolderPath = pathWith(
  'expected a path on this machine; of a download, name the archive: archive: { source: "https://…", sha256: "…" }',
)

/** A file on this machine, relative to the working folder; or in the archive, if the dataset names one. */
export const FilePath = pathWith(
  'expected a path on this machine; for a download write { source: "https://…", sha256: "…" }',
)

/** A file that may be downloaded. What is downloaded must be known, because it is downloaded only once. */
const Address = Schema.Struct({
  /** A path, relative to the working folder, or an http(s) or file URL. */
  source: Schema.NonEmptyString,
  /** SHA-256 of the file as it is, in lower-case hexadecimal. Other content is refused. Required for a URL. */
  sha256: Schema.optionalKey(Sha256),
}).check(
  Schema.makeFilter(({ sha256, source }) =>
    sha256 === undefined && /^https?:/i.test(source)
      ? { path: ["sha256"], issue: "found none, expected the SHA-256 of what the URL has" }
      : undefined,
  ),
)

export const SourceFile = Schema.Union([FilePath, Address])
export type SourceFile = typeof SourceFile.Type

/** One file, or several in the order of their examples. */
export const SourceFiles = Schema.Union([
  ...SourceFile.members,
  Schema.Array(SourceFile).check(Schema.isMinLength(1)),
])
export type SourceFiles = typeof SourceFiles.Type

export const filesOf = (files: SourceFiles): ReadonlyArray<SourceFile> =>
  Array.isArray(files) ? (files as ReadonlyArray<SourceFile>) : [files as SourceFile]
