/**
 * Creating a file whole, or not at all because the name is taken: what locks between processes and machines are made of.
 */
import { Effect, FileSystem, Option, Path } from "effect"
import { isUnable, syncFolder, warnOnce } from "./disk.ts"
import { writeTemporary } from "./files.ts"
import { codeOf, failed } from "./StorageFailed.ts"

/** Names in a folder that are being created on a disk without hard links end in this. */
export const reservedSuffix = ".reserved"

/**
 * Where there are no hard links (exFAT, some network and shared folders): reserves the name with an exclusive create, then
 * renames. A crash in between leaves the reservation, which takes the name for good.
 */
const renameReserved = Effect.fnUntraced(function* (temporary: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  const reserved = `${path}${reservedSuffix}`
  yield* warnOnce(
    "hard links",
    `the disk of ${path} has no hard links: locks on it are taken in two steps, which is slower`,
  )
  const isOurs = yield* fs.writeFile(reserved, new Uint8Array(), { flag: "wx" }).pipe(
    Effect.as(true),
    Effect.catchReason("PlatformError", "AlreadyExists", () => Effect.succeed(false)),
  )
  if (!isOurs) return false
  const isTaken = yield* fs.exists(path)
  if (!isTaken) yield* fs.rename(temporary, path)
  yield* fs.remove(reserved, { force: true })
  return !isTaken
})

/**
 * Creates a file with its whole content, unless the name is taken: returns whether this call created it. Of any number
 * of processes that try, exactly one gets `true`.
 */
export const createExclusive = Effect.fnUntraced(
  function* (path: string, content: Uint8Array | string) {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
    const temporary = yield* writeTemporary(path, bytes)
    /** NFS may repeat a request whose answer was lost, and report the name as taken by the first one: ours has two links then. */
    const isLinked = fs.stat(temporary).pipe(
      Effect.map(({ nlink }) => Option.getOrElse(nlink, () => 1) > 1),
      Effect.orElseSucceed(() => false),
    )
    const created = yield* fs.link(temporary, path).pipe(
      Effect.as(true),
      Effect.catchReason("PlatformError", "AlreadyExists", () => isLinked),
      Effect.catchIf(
        (error) => isUnable(error, "EPERM", "EACCES"),
        () => renameReserved(temporary, path),
      ),
      // Whoever owns the folder by now has cleared it.
      Effect.catchIf(
        (error) => codeOf(error) === "ENOENT",
        (error) =>
          Effect.flatMap(fs.exists(temporary), (exists) =>
            exists ? Effect.fail(error) : Effect.succeed(false),
          ),
      ),
      Effect.ensuring(fs.remove(temporary, { force: true }).pipe(Effect.ignore)),
    )
    if (created) yield* syncFolder(paths.dirname(path))
    return created
  },
  (effect, path) => Effect.uninterruptible(Effect.mapError(effect, failed("create", path))),
)
