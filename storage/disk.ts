/**
 * What a disk can do: not all of them have hard links, or can sync a folder. What one cannot do is worked around, with a warning
 * that says what is weaker.
 */
import { Effect, FileSystem, type PlatformError, Schedule } from "effect"
import { codeOf } from "./StorageFailed.ts"

/** What systems answer that cannot do a thing at all, rather than fail at it: FUSE, CIFS, exFAT, WSL and Windows among them. */
const cannot = ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EISDIR", "EBADF", "UNKNOWN"]
/** Whether an operation failed because the disk cannot do it at all. */
export const isUnable = (error: PlatformError.PlatformError, ...more: ReadonlyArray<string>) =>
  [...cannot, ...more].includes(codeOf(error))

/** What was warned of already: once a process is enough. */
const warned = new Set<string>()

/** Warns that a disk lacks an ability, the first time. */
export const warnOnce = (ability: "hard links" | "folder syncs", warning: string) =>
  Effect.suspend(() => {
    if (warned.has(ability)) return Effect.void
    warned.add(ability)
    return Effect.logWarning(warning)
  })

/** Windows refuses to open a folder with EPERM. */
const folderCodes = process.platform === "win32" ? ["EPERM", "EACCES"] : []

/** Syncs a folder, so that the names in it survive a power cut. */
export const syncFolder = (folder: string) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const handle = yield* fs.open(folder, { flag: "r" })
    yield* handle.sync
  }).pipe(
    Effect.scoped,
    Effect.catchIf(
      (error) => isUnable(error, ...folderCodes),
      () =>
        warnOnce(
          "folder syncs",
          `the disk of ${folder} cannot sync folders: a power cut may lose files written just before it`,
        ),
    ),
  )

/** What Windows answers while another program (a virus scanner, a reader) has one of the two files open. */
const busyCodes = ["EPERM", "EACCES", "EBUSY"]
const busyRetries = { schedule: Schedule.spaced("20 millis"), times: 100 }

/**
 * Renames, and replaces what has the name. POSIX allows that whoever has the files open; Windows only once nobody has, so there
 * it is tried for two seconds.
 */
export const renameOver = Effect.fnUntraced(function* (
  from: string,
  to: string,
  platform = process.platform,
) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.rename(from, to).pipe(
    Effect.retry({
      ...busyRetries,
      while: (error) => platform === "win32" && busyCodes.includes(codeOf(error)),
    }),
  )
})
