/**
 * A store in a folder that machines share, such as one on NFS: (folder) -> ObjectStore.
 *
 *   heads/a.json            the object `heads/a.json`, as it was created
 *   heads/a.json@/0000002   the same after its first replacement, and so on
 *
 * A file is created whole and exclusively, and never changed, so nothing here relies on a rename over a name that others read. The
 * highest number is the version. A number below the highest may be missing: whoever creates one looks afterwards whether it is the
 * highest. Ages are by the clock of the disk: the time of a file compared with that of one written just now.
 */
import { Effect, FileSystem, Option, Path } from "effect"
import { createExclusive, reservedSuffix } from "../createExclusive.ts"
import * as files from "../files.ts"
import type { StorageFailed } from "../StorageFailed.ts"
import { checkKey, type ListedObject, type ObjectStore, StoreUnavailable } from "./ObjectStore.ts"

const versionsSuffix = "@"
const nameOf = (version: number) => String(version).padStart(7, "0")

/** An object was replaced again and again while it was read. */
const mostReads = 20

export const makeFolderStore = Effect.fnUntraced(function* (folder: string) {
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const pathOf = (key: string) => paths.join(folder, ...key.split("/"))
  const versionPath = (key: string, version: number) =>
    version === 1 ? pathOf(key) : paths.join(`${pathOf(key)}${versionsSuffix}`, nameOf(version))

  const onDisk = <A>(
    key: string,
    effect: Effect.Effect<A, StorageFailed, FileSystem.FileSystem | Path.Path>,
  ) =>
    Effect.andThen(checkKey(key), effect).pipe(
      Effect.mapError(({ message }) => new StoreUnavailable({ store: folder, reason: message })),
      Effect.provideContext(services),
    )

  /** 0 if there is no such object. */
  const newestVersion = Effect.fnUntraced(function* (key: string) {
    const names = yield* files.list(`${pathOf(key)}${versionsSuffix}`)
    const highest = names.reduce((most, name) => Math.max(most, /^\d{7,}$/.test(name) ? Number(name) : 0), 0)
    if (highest > 0) return highest
    return (yield* files.exists(pathOf(key))) ? 1 : 0
  })

  const read = Effect.fnUntraced(function* (key: string) {
    for (let reads = 0; reads < mostReads; reads++) {
      const version = yield* newestVersion(key)
      if (version === 0) return undefined
      const bytes = yield* files.readIfExists(versionPath(key, version))
      // Undefined: replaced, and removed, since the look.
      if (bytes !== undefined) return { bytes, version: String(version) }
    }
    return undefined
  })

  const create = Effect.fnUntraced(function* (key: string, bytes: Uint8Array) {
    yield* files.makeFolder(paths.dirname(pathOf(key)))
    return yield* createExclusive(pathOf(key), bytes)
  })

  const replace = Effect.fnUntraced(function* (key: string, bytes: Uint8Array, version: string) {
    const before = Number(version)
    if (before === 0 || (yield* newestVersion(key)) !== before) return undefined
    const after = before + 1
    const path = versionPath(key, after)
    yield* files.makeFolder(paths.dirname(path))
    if (!(yield* createExclusive(path, bytes))) return undefined
    // A writer that slept may have made a number that was there before and is removed already.
    if ((yield* newestVersion(key)) !== after) {
      yield* files.remove(path)
      return undefined
    }
    // The version before stays for whoever has just seen its number.
    for (const name of yield* files.list(paths.dirname(path))) {
      if (Number(name) < before) yield* files.remove(paths.join(paths.dirname(path), name))
    }
    return String(after)
  })

  const remove = Effect.fnUntraced(function* (key: string) {
    yield* files.remove(pathOf(key))
    yield* files.remove(`${pathOf(key)}${versionsSuffix}`)
  })

  const modifiedMs = (path: string) =>
    fs.stat(path).pipe(
      Effect.map(({ mtime }) => Option.getOrUndefined(mtime)?.getTime()),
      Effect.orElseSucceed(() => undefined),
    )

  /** The time of the disk now: undefined if nothing can be written there. */
  const diskNow = Effect.gen(function* () {
    const probe = yield* files.writeTemporary(paths.join(folder, "clock"), new Uint8Array())
    const now = yield* modifiedMs(probe)
    yield* files.remove(probe)
    return now
  }).pipe(Effect.orElseSucceed(() => undefined))

  const isObject = (name: string) =>
    !name.startsWith(".") && !name.endsWith(versionsSuffix) && !name.endsWith(reservedSuffix)

  /** The keys below a folder. */
  const walk: (prefix: string) => Effect.Effect<ReadonlyArray<string>, StorageFailed, FileSystem.FileSystem> =
    Effect.fnUntraced(function* (prefix: string) {
      const keys: Array<string> = []
      for (const name of (yield* files.list(pathOf(prefix))).filter(isObject)) {
        const key = `${prefix}/${name}`
        const info = yield* fs.stat(pathOf(key)).pipe(Effect.option)
        if (info._tag === "None") continue
        if (info.value.type === "Directory") keys.push(...(yield* walk(key)))
        else keys.push(key)
      }
      return keys
    })

  const list = Effect.fnUntraced(function* (prefix: string) {
    const now = yield* diskNow
    const listed: Array<ListedObject> = []
    for (const key of yield* walk(prefix)) {
      const version = yield* newestVersion(key)
      const modified = yield* modifiedMs(versionPath(key, version))
      const ageMs = now === undefined || modified === undefined ? 0 : Math.max(0, now - modified)
      if (version > 0) listed.push({ key, version: String(version), ageMs })
    }
    return listed.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  })

  return {
    address: folder,
    read: (key) => onDisk(key, read(key)),
    create: (key, bytes) => onDisk(key, create(key, bytes)),
    replace: (key, bytes, version) => onDisk(key, replace(key, bytes, version)),
    list: (prefix) => onDisk(prefix, list(prefix)),
    remove: (key) => onDisk(key, remove(key)),
  } satisfies ObjectStore as ObjectStore
})
