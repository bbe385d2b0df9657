/**
 * Every file operation of run directories and the dataset cache, on Effect's FileSystem.
 *
 * The invariant: a file under a final name is whole. Content is written to a temporary file in the same folder, synced,
 * renamed over the name, and the folder synced, so that a crash leaves the old content or the new, never a part.
 * Only `append` grows a file in place; its readers drop a torn last line or record. One place, so that tests can stop
 * the machine after any single operation.
 */
import { randomInt } from "node:crypto"
import { Effect, FileSystem, Option, Path, type PlatformError } from "effect"
import { renameOver, syncFolder } from "./disk.ts"
import { largestFileBytes, longestTextBytes, notRegular, tooLarge } from "./regularFile.ts"
import { codeOf, failed, type StorageFailed } from "./StorageFailed.ts"

type Storage<A> = Effect.Effect<A, StorageFailed, FileSystem.FileSystem>

/** The suffix of temporary files. The owner of a folder may delete those that a crash left behind. */
export const temporarySuffix = ".tmp"

/** Writes a temporary file next to `path`, synced; returns its path. `parts`: its content, one after another. */
export const writeTemporary = Effect.fnUntraced(function* (
  path: string,
  ...parts: ReadonlyArray<Uint8Array>
) {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const temporary = paths.join(
    paths.dirname(path),
    // The process id says whose it is; in two containers that share a folder it may be the same one, hence the rest.
    `.${paths.basename(path)}.${process.pid}-${randomInt(2 ** 47)}${temporarySuffix}`,
  )
  yield* Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(temporary, { flag: "wx" })
      for (const part of parts) if (part.byteLength > 0) yield* file.writeAll(part)
      yield* file.sync
    }),
  ).pipe(Effect.onError(() => fs.remove(temporary, { force: true }).pipe(Effect.ignore)))
  return temporary
})

/**
 * Replaces the whole content of a file, or creates it: old or new after a crash, never a mixture. Content in parts is written one
 * after another, without a copy of all.
 */
export const writeAtomic = Effect.fnUntraced(
  function* (path: string, content: Uint8Array | string | ReadonlyArray<Uint8Array>) {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
    const temporary = yield* writeTemporary(path, ...(bytes instanceof Uint8Array ? [bytes] : bytes))
    yield* renameOver(temporary, path).pipe(
      Effect.onError(() => fs.remove(temporary, { force: true }).pipe(Effect.ignore)),
    )
    yield* syncFolder(paths.dirname(path))
  },
  (effect, path) => Effect.uninterruptible(Effect.mapError(effect, failed("write", path))),
)

/** Adds content at the end of a file and syncs it. A crash may leave a part of the content. */
export const append = Effect.fnUntraced(
  function* (path: string, content: Uint8Array | string) {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path, { flag: "a" })
    yield* file.writeAll(typeof content === "string" ? new TextEncoder().encode(content) : content)
    yield* file.sync
  },
  (effect, path) =>
    effect.pipe(Effect.scoped, Effect.mapError(failed("append to", path)), Effect.uninterruptible),
)

/** The content of a regular file of at most `limitBytes`; anything else is refused before it is opened. */
export const read = (path: string, limitBytes = largestFileBytes): Storage<Uint8Array> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const info = yield* fs.stat(path).pipe(Effect.mapError(failed("read", path)))
    const sizeBytes = Number(info.size)
    const refused = notRegular(path, info.type) ?? tooLarge(path, sizeBytes, limitBytes)
    if (refused !== undefined) return yield* refused
    const content = new Uint8Array(sizeBytes)
    let received = 0
    const fill = Effect.gen(function* () {
      const file = yield* fs.open(path, { flag: "r" })
      // No more than its size, so the read ends, whatever the file system gives (/proc) or another process appends.
      while (received < sizeBytes) {
        const count = yield* file.read(content.subarray(received))
        if (count === 0) break
        received += count
      }
    })
    yield* Effect.scoped(fill).pipe(Effect.mapError(failed("read", path)))
    return received === sizeBytes ? content : content.slice(0, received)
  })

/** Reads a regular file of any size in pieces of at most `pieceBytes`. A piece is valid until the next one is read. */
export const readPieces = Effect.fnUntraced(function* (
  path: string,
  pieceBytes: number,
  use: (piece: Uint8Array) => void,
) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* fs.stat(path).pipe(Effect.mapError(failed("read", path)))
  const refused = notRegular(path, info.type)
  if (refused !== undefined) return yield* refused
  const file = yield* fs.open(path, { flag: "r" }).pipe(Effect.mapError(failed("read", path)))
  const piece = new Uint8Array(pieceBytes)
  // No more than its size, as `read`.
  for (let rest = Number(info.size); rest > 0;) {
    const count = yield* file
      .read(piece.subarray(0, Math.min(rest, pieceBytes)))
      .pipe(Effect.mapError(failed("read", path)))
    if (count === 0) break
    use(piece.subarray(0, count))
    rest -= count
  }
}, Effect.scoped)

export const readString = (path: string): Storage<string> =>
  Effect.map(read(path, longestTextBytes), (bytes) => new TextDecoder().decode(bytes))

const orUndefined = <A>(reading: Storage<A>): Storage<A | undefined> =>
  reading.pipe(
    Effect.catchIf(
      (error) => error.code === "ENOENT",
      () => Effect.succeed(undefined),
    ),
  )

/** The content, or undefined if the file does not exist. */
export const readIfExists = (path: string): Storage<Uint8Array | undefined> => orUndefined(read(path))

/** The content as text, or undefined if the file does not exist. */
export const readStringIfExists = (path: string): Storage<string | undefined> => orUndefined(readString(path))

/** The path with all links resolved; undefined if nothing is there. */
export const realPath = (path: string): Storage<string | undefined> =>
  orUndefined(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.realPath(path)).pipe(
      Effect.mapError(failed("read", path)),
    ),
  )

export const exists = (path: string): Storage<boolean> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(path)).pipe(Effect.mapError(failed("check", path)))

export const sizeBytes = (path: string): Storage<number> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map((info) => Number(info.size)),
    Effect.mapError(failed("check", path)),
  )

/** Size and time of a file, which change with it. */
export interface FileVersion {
  readonly sizeBytes: number
  readonly modifiedMs: number
}

const versionOf = ({ mtime, size }: FileSystem.File.Info): FileVersion => ({
  sizeBytes: Number(size),
  modifiedMs: Option.match(mtime, { onNone: () => 0, onSome: (time) => time.getTime() }),
})

/** Undefined if the file does not exist. */
export const stat = (path: string): Storage<FileVersion | undefined> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map(versionOf),
    Effect.mapError(failed("check", path)),
    Effect.catchIf(
      (error) => error.code === "ENOENT",
      () => Effect.succeed(undefined),
    ),
  )

/** The same of a path from outside: fails if it is a device, a FIFO, a folder or a link to one. */
export const statRegular = (path: string): Storage<FileVersion | undefined> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.mapError(failed("read", path)),
    Effect.flatMap((info): Effect.Effect<FileVersion, StorageFailed> => {
      const refused = notRegular(path, info.type)
      return refused === undefined ? Effect.succeed(versionOf(info)) : Effect.fail(refused)
    }),
    orUndefined,
  )

/** The names in a folder, sorted; empty if the folder does not exist. */
export const list = (folder: string): Storage<ReadonlyArray<string>> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(folder)).pipe(
    Effect.mapError(failed("list", folder)),
    Effect.map((names) => names.sort()),
    Effect.catchIf(
      (error) => error.code === "ENOENT",
      () => Effect.succeed([]),
    ),
  )

const isFolder = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* fs
    .stat(path)
    .pipe(Effect.catchReason("PlatformError", "NotFound", () => Effect.undefined))
  return info?.type === "Directory"
})

const makeFolders = (
  folder: string,
): Effect.Effect<void, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    if (yield* isFolder(folder)) return
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    const parent = paths.dirname(folder)
    if (parent !== folder) yield* makeFolders(parent)
    yield* fs.makeDirectory(folder).pipe(
      // Another process may have made it meanwhile.
      Effect.catchReason("PlatformError", "AlreadyExists", (_, error) =>
        Effect.flatMap(isFolder(folder), (made) => (made ? Effect.void : Effect.fail(error))),
      ),
    )
  })

/**
 * Makes a folder and those above it. One by one: the recursive mkdir of Node.js says of a read-only disk that nothing exists, and
 * never ends under /proc.
 */
export const makeFolder = (folder: string) =>
  Effect.mapError(makeFolders(folder), failed("make folder", folder))

/** Makes a folder in one that must be there already: a run that was removed meanwhile does not come back as an empty folder. */
export const makeInnerFolder = Effect.fnUntraced(
  function* (folder: string) {
    if (yield* isFolder(folder)) return
    const fs = yield* FileSystem.FileSystem
    yield* fs
      .makeDirectory(folder)
      .pipe(Effect.catchReason("PlatformError", "AlreadyExists", () => Effect.void))
  },
  (effect, folder) => Effect.mapError(effect, failed("create", folder)),
)

/** Gives a folder its final name, with everything in it; false if a folder that is not empty has that name. */
export const publishFolder = Effect.fnUntraced(
  function* (temporary: string, path: string) {
    const paths = yield* Path.Path
    yield* syncFolder(temporary)
    const taken = yield* renameOver(temporary, path).pipe(
      Effect.as(false),
      Effect.catchIf(
        (error) => ["ENOTEMPTY", "EEXIST"].includes(codeOf(error)),
        () => Effect.succeed(true),
      ),
    )
    if (!taken) yield* syncFolder(paths.dirname(path))
    return !taken
  },
  (effect, _, path) => Effect.uninterruptible(Effect.mapError(effect, failed("create", path))),
)

export const rename = (from: string, to: string): Storage<void> =>
  renameOver(from, to).pipe(Effect.mapError(failed("rename", from)))

/**
 * Takes a folder's name away, for good once this returns: a crash afterwards leaves a hidden folder, never half of one
 * under its name. Answers the hidden name, which `removeTemporaries` recognizes.
 */
export const hideFolder = Effect.fnUntraced(
  function* (path: string) {
    const paths = yield* Path.Path
    const hidden = paths.join(
      paths.dirname(path),
      `.${paths.basename(path)}.${process.pid}-${randomInt(2 ** 47)}${temporarySuffix}`,
    )
    yield* renameOver(path, hidden)
    yield* syncFolder(paths.dirname(path))
    return hidden
  },
  (effect, path) => Effect.uninterruptible(Effect.mapError(effect, failed("remove", path))),
)

export const remove = (path: string): Storage<void> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(path, { force: true, recursive: true })).pipe(
    Effect.mapError(failed("remove", path)),
  )

/** As `remove`, and a crash does not bring it back once this returns. */
export const removeForGood = Effect.fnUntraced(
  function* (path: string) {
    const fs = yield* FileSystem.FileSystem
    const paths = yield* Path.Path
    yield* fs.remove(path, { force: true })
    yield* syncFolder(paths.dirname(path))
  },
  (effect, path) => Effect.mapError(effect, failed("remove", path)),
)
