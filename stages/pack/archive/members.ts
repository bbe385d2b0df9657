/**
 * The members of an archive: (folder of the cache) -> add members, and read them as files.
 *
 * An archive is never extracted: the content of its files is appended to one file without a name in the cache, and read by
 * position. So no path of an archive is ever a path of this machine. Their sizes are bounded while they are unpacked.
 */
import { posix } from "node:path"
import { Effect } from "effect"
import { size as showSize } from "../../../format/size.ts"
import { listed } from "../../../format/listed.ts"
import { largestFileBytes, tooLarge } from "../../../storage/regularFile.ts"
import { makeScratchFile } from "../../../storage/scratchFile.ts"
import { failedNow, StorageFailed } from "../../../storage/StorageFailed.ts"
import type { Tree, TreeFile } from "../../../storage/tree.ts"
import { byCodePoint } from "../codePoints.ts"
import { ArchiveFault, makeLimit } from "./limit.ts"
import type { SourceFiles } from "../sourceFiles.ts"

interface Member {
  readonly at: number
  readonly sizeBytes: number
}

/** More names are only counted. */
const maxListed = 5

/** The path of a member from the root of its archive. Throws if it leads out of it. */
export const memberPath = (name: string): string => {
  const path = posix.normalize(name.replaceAll("\\", "/")).replace(/^\.\//, "").replace(/\/$/, "")
  const isInside =
    !path.startsWith("/") &&
    path !== ".." &&
    !path.startsWith("../") &&
    !/^[a-z]:/i.test(path) &&
    !path.includes("\0")
  if (isInside) return path
  throw new ArchiveFault(
    `the path ${JSON.stringify(name)}`,
    "paths within the archive",
    "make the archive again from the folder that has the files",
  )
}

/** What is added of an archive of `archiveBytes`. */
export const makeMembers = Effect.fn("makeMembers")(function* (folder: string) {
  const scratch = yield* makeScratchFile(folder)
  const members = new Map<string, Member>()
  const refused = new Map<string, string>()

  const append = (bytes: Uint8Array) => {
    try {
      return scratch.append(bytes)
    } catch (error) {
      throw failedNow("write", scratch.path)(error)
    }
  }

  /** `archiveBytes`: the size of the archive, which limits that of its content. `prefix`: before every path. */
  const unpacking = (archiveBytes: number, prefix = "") => {
    const { allow, count } = makeLimit(archiveBytes)
    const pathOf = (name: string) => {
      const path = prefix + memberPath(name)
      if (!members.has(path) && !refused.has(path)) return path
      throw new ArchiveFault(
        `${JSON.stringify(path)} twice`,
        "each path once",
        "make the archive again from its files",
      )
    }
    return {
      /** Counts bytes of content. Throws if the archive has more than is allowed. */
      count,
      /** Begins a member. Throws if it is larger than a file may be. */
      begin: (name: string, sizeBytes: number) => {
        const path = pathOf(name)
        if (sizeBytes > largestFileBytes) {
          throw new ArchiveFault(
            `${showSize(sizeBytes)} in ${JSON.stringify(path)}`,
            `at most ${showSize(largestFileBytes)} in a file`,
            "use smaller files",
          )
        }
        allow(sizeBytes)
        let [at, written] = [-1, 0]
        return {
          write: (bytes: Uint8Array) => {
            const place = append(bytes)
            if (at < 0) at = place
            written += bytes.byteLength
          },
          end: () => members.set(path, { at: Math.max(at, 0), sizeBytes: written }),
        }
      },
      /** A link or another thing that is no file. */
      refuse: (name: string, reason: string) => refused.set(pathOf(name), reason),
    }
  }

  const find = (path: string) => {
    const inside = posix.normalize(path.replaceAll("\\", "/")).replace(/^\.\//, "")
    const member = members.get(inside)
    if (member !== undefined) return Effect.succeed(member)
    const reason = refused.get(inside)
    const isOutside = inside.startsWith("/") || inside.startsWith("..")
    return Effect.fail(
      reason === undefined && !isOutside
        ? new StorageFailed({ operation: "read", path, code: "ENOENT" })
        : new StorageFailed({
            operation: "read",
            path,
            code: "EINVAL",
            found: reason === undefined ? "the path leads out of the archive" : `it is ${reason}`,
          }),
    )
  }

  const readMember = (path: string, { at, sizeBytes }: Member) =>
    Effect.try({ try: () => scratch.read(at, sizeBytes), catch: failedNow("read", path) })

  const files = (): SourceFiles => ({
    read: Effect.fnUntraced(function* (path, limitBytes) {
      const member = yield* find(path)
      const refusal = tooLarge(path, member.sizeBytes, limitBytes)
      if (refusal !== undefined) return yield* refusal
      return yield* readMember(path, member)
    }),
    open: (path) =>
      Effect.map(find(path), ({ at, sizeBytes }) => ({
        sizeBytes,
        read: (from: number, length: number) =>
          scratch.read(at + from, Math.max(0, Math.min(length, sizeBytes - from))),
      })),
    list: (folder, isSkipped) => listMembers(members, refused, folder, isSkipped),
    version: (path) => Effect.succeed(path),
    start: describeStart([...members.keys()]),
  })
  return { unpacking, files }
})
export type Members = Effect.Success<ReturnType<typeof makeMembers>>

/** What the root of an archive has. */
const describeStart = (paths: ReadonlyArray<string>) => {
  const roots = [
    ...new Set(paths.map((path) => (path.includes("/") ? path.slice(0, path.indexOf("/") + 1) : path))),
  ].toSorted(byCodePoint)
  const more = roots.length - maxListed
  const shown = [...roots.slice(0, maxListed), ...(more > 0 ? [`${more} more`] : [])]
  return `paths start in the archive, which has ${roots.length === 0 ? "no files" : listed(shown)}`
}

const listMembers = (
  members: ReadonlyMap<string, Member>,
  refused: ReadonlyMap<string, string>,
  folder: string,
  isSkipped: (name: string) => boolean,
) => {
  const root = posix.normalize(folder.replaceAll("\\", "/")).replace(/^\.\//, "").replace(/\/$/, "")
  const prefix = root === "." || root === "" ? "" : `${root}/`
  const skipped = new Set<string>()
  const folders = new Set<string>()
  /** The path below the folder; undefined for others, and for those that are skipped. */
  const within = (path: string) => {
    if (!path.startsWith(prefix)) return undefined
    const names = path.slice(prefix.length).split("/")
    const at = names.findIndex(isSkipped)
    if (at >= 0) {
      skipped.add(names.slice(0, at + 1).join("/"))
      return undefined
    }
    if (names.length > 1) folders.add(names[0])
    return names.join("/")
  }
  const found: Array<TreeFile> = []
  for (const [path, { sizeBytes }] of members) {
    const inner = within(path)
    if (inner !== undefined) found.push({ path: inner, sizeBytes, modifiedMs: 0, changedMs: 0 })
  }
  const others: Array<Tree["refused"][number]> = []
  for (const [path, reason] of refused) {
    const inner = within(path)
    if (inner !== undefined) others.push({ path: inner, reason })
  }
  const tree: Tree = { files: found, folders: [...folders], skipped: skipped.size, refused: others }
  const isEmpty = found.length === 0 && others.length === 0 && skipped.size === 0
  return isEmpty && prefix !== ""
    ? Effect.fail(new StorageFailed({ operation: "list", path: folder, code: "ENOENT" }))
    : Effect.succeed(tree)
}
