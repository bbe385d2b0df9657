/**
 * The error of a file operation: (operation, path, error of the operating system) -> one line with advice.
 */
import { type PlatformError, Schema } from "effect"
import { Failure } from "../schemas/Failure.ts"

const advice: Record<string, string> = {
  ENOSPC: "the disk is full; free some space and run `resume`",
  EDQUOT: "the disk quota is used up; free some space and run `resume`",
  EROFS: "the disk is read-only; choose another folder",
  EACCES: "permission denied; check who owns the folder or choose another one",
  EPERM: "permission denied; check who owns the folder or choose another one",
  ENOENT: "it does not exist (any more)",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder, not a file",
  EMFILE: "too many files are open; raise the limit (ulimit -n)",
  EIO: "the device reported an input/output error",
  EEXIST: "something else has that name; choose another one",
}

/** A name or folder could not be created: the user may not write there, or something else is there. */
const cannotCreate: Record<string, ReadonlyArray<string>> = {
  any: ["EACCES", "EROFS"],
  "make folder": ["ENOENT", "ENOTDIR", "EEXIST", "EPERM"],
  create: ["ENOTDIR", "EEXIST", "EPERM"],
}

/** The meaning of ENOENT for a file or folder that was to be created. */
const missingFolder: Record<string, string> = {
  write: "its folder does not exist (any more)",
  create: "its folder does not exist (any more)",
  "make folder": "no folder can be made there; choose another one",
}

/** A file operation failed. `code` is the operating system's name of the error, such as ENOSPC. */
export class StorageFailed extends Failure<StorageFailed>()("StorageFailed", {
  exitCode: ({ code, found, operation }) => {
    if (found !== undefined) return "dataError"
    if ([...cannotCreate.any, ...(cannotCreate[operation] ?? [])].includes(code)) return "cannotCreate"
    return code === "ENOENT" ? "noInput" : "ioError"
  },
  fields: {
    operation: Schema.String,
    path: Schema.String,
    code: Schema.String,
    /** What was found there, of a read that was refused before it began (`regularFile.ts`). */
    found: Schema.optionalKey(Schema.String),
  },
  message: ({ code, found, operation, path }) => {
    if (found !== undefined) return `cannot ${operation} ${path}: ${found}`
    const problem = code === "ENOENT" ? (missingFolder[operation] ?? advice.ENOENT) : (advice[code] ?? code)
    return `cannot ${operation} ${path}: ${problem}`
  },
}) {}

/** The operating system's name of what Effect's FileSystem failed with. */
export const codeOf = (error: PlatformError.PlatformError): string => {
  const cause = error.reason.cause
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code
  return error.reason._tag
}

export const failed = (operation: string, path: string) => (error: PlatformError.PlatformError) =>
  new StorageFailed({ operation, path, code: codeOf(error) })

/** The same of an error that node:fs threw. */
export const failedNow = (operation: string, path: string) => (error: unknown) =>
  new StorageFailed({
    operation,
    path,
    code: error instanceof Error && "code" in error ? String(error.code) : String(error),
  })
