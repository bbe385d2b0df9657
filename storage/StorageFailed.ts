/**
 * The error of a file operation: (operation, path, error of the operating system) -> one line with advice.
 */
import { type PlatformError, Schema } from "effect"
import { Failure } from "../schemas/Failure.ts"

/** What an error of the operating system means for a person, and what to do. */
export const advice: Readonly<Record<string, string>> = {
  // Space
  ENOSPC: "the disk is full; free some space and run `resume`",
  EDQUOT: "the disk quota is used up; free some space and run `resume`",
  EFBIG:
    "the file would be larger than the disk or the limit of this process allows; choose another disk or raise the limit (ulimit -f)",
  EMLINK: "the folder has as many entries as its disk allows; choose another folder",
  ENOMEM: "the machine has no memory left; end other programs and run `resume`",
  // Permission
  EROFS: "the disk is read-only; choose another folder",
  EACCES: "permission denied; check who owns the folder or choose another one",
  EPERM: "permission denied; check who owns the folder or choose another one",
  // The name
  ENOENT: "it does not exist (any more)",
  EEXIST: "something else has that name; choose another one",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "it is a folder, not a file",
  ENOTEMPTY: "the folder is not empty; choose another one",
  ELOOP: "its symbolic links lead in a circle; remove or correct the links",
  ENAMETOOLONG: "the name or the path is too long; choose a shorter one, or a folder nearer to the root",
  EINVAL: "the disk does not accept the name or the operation; choose another name or disk",
  EILSEQ: "the disk does not accept a character of the name; choose another name",
  EXDEV: "the two names are on different disks; choose a folder on the same disk",
  // In use
  EBUSY: "another program or the system is using it; end that program and try again",
  ETXTBSY: "a program is running from that file; end it and try again",
  EAGAIN: "it is in use at the moment; try again",
  ETIMEDOUT: "the disk did not respond in time; check the network and the mount, and try again",
  // Limits of the process
  EMFILE: "too many files are open; raise the limit (ulimit -n)",
  ENFILE: "too many files are open on this machine; end other programs or raise its limit (fs.file-max)",
  // The device
  EIO: "the device reported an input/output error; check the disk, and copy what is on it",
  ENXIO: "the device is not there; check that the disk is connected",
  ENODEV: "the device is not there; check that the disk is connected",
  ESTALE: "the network folder was replaced or removed on its server; mount it again",
  EHOSTDOWN: "the server of the network folder does not respond; check the network",
  ENOTCONN: "the disk is no longer mounted; mount it again",
  EOPNOTSUPP: "the disk cannot do that; choose another disk",
  ENOTSUP: "the disk cannot do that; choose another disk",
  ENOSYS: "the disk cannot do that; choose another disk",
}

/** The path itself is wrong: nothing is there, and nothing can be. */
const wrongPath = ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]

/** A name or folder could not be created: the user may not write there, or something else is there. */
const cannotCreate: Record<string, ReadonlyArray<string>> = {
  any: ["EACCES", "EROFS"],
  "make folder": [...wrongPath, "EEXIST", "EPERM"],
  write: ["ENOTDIR", "ELOOP", "ENAMETOOLONG"],
  create: ["ENOTDIR", "ELOOP", "ENAMETOOLONG", "EEXIST", "EPERM"],
}

/** The meaning of ENOENT for a file or folder that was to be created. */
const missingFolder: Record<string, string> = {
  write: "its folder does not exist (any more)",
  create: "its folder does not exist (any more)",
  "make folder": "no folder can be made there; choose another one",
}

/** The beginning and the end of a path that is too long to read, as those are that a system refuses for their length. */
const shortened = (path: string) =>
  path.length > 300 ? `${path.slice(0, 150)}…${path.slice(-150)} (${path.length} characters)` : path

/** A file operation failed. `code` is the operating system's name of the error, such as ENOSPC. */
export class StorageFailed extends Failure<StorageFailed>()("StorageFailed", {
  exitCode: ({ code, found, operation }) => {
    if (found !== undefined) return "dataError"
    if ([...cannotCreate.any, ...(cannotCreate[operation] ?? [])].includes(code)) return "cannotCreate"
    return wrongPath.includes(code) ? "noInput" : "ioError"
  },
  fields: {
    operation: Schema.String,
    path: Schema.String,
    code: Schema.String,
    /** What was found there, of a read that was refused before it began (`regularFile.ts`). */
    found: Schema.optionalKey(Schema.String),
  },
  message: ({ code, found, operation, path }) => {
    if (found !== undefined) return `cannot ${operation} ${shortened(path)}: ${found}`
    const problem =
      code === "ENOENT"
        ? (missingFolder[operation] ?? advice.ENOENT)
        : (advice[code] ?? `the system reports ${code}`)
    return `cannot ${operation} ${shortened(path)}: ${problem}`
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
