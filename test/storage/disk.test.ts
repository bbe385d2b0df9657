/** Disks that cannot do everything: without hard links (exFAT, some shared folders), and without syncing folders (CIFS, FUSE). */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Logger, PlatformError } from "effect"
import { createExclusive } from "../../storage/createExclusive.ts"
import { renameOver } from "../../storage/disk.ts"
import { writeAtomic } from "../../storage/files.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-disk-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** As Node.js reports it. */
const refuse = (method: string, path: string, code: string) =>
  Effect.fail(
    PlatformError.systemError({
      _tag: "Unknown",
      module: "FileSystem",
      method,
      pathOrDescriptor: path,
      cause: Object.assign(new Error(`${code}: operation not permitted`), { code }),
    }),
  )

/** The real disk, but for what it cannot do. */
const disk = (linkCode: string) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) =>
      FileSystem.FileSystem.of({
        ...fs,
        link: (from) => refuse("link", from, linkCode),
        open: (path, options) =>
          Effect.flatMap(fs.open(path, options), (file) =>
            Effect.map(fs.stat(path), ({ type }) =>
              type === "Directory" ? { ...file, sync: refuse("sync", path, "EINVAL") } : file,
            ),
          ),
      }),
    ),
  ).pipe(Layer.provideMerge(NodeServices.layer))

const warnings: Array<string> = []
const logger = Logger.layer([
  Logger.make<unknown, void>(({ logLevel, message }) => {
    if (logLevel === "Warn") warnings.push(String(message))
  }),
])

describe("a disk without hard links and folder syncs", () => {
  for (const code of ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]) {
    it(`creates a name once, whichever of many writers is first (${code})`, async () => {
      const folder = mkdtempSync(join(scratch, "exclusive-"))
      const path = join(folder, "0001.json")
      const created = await Effect.runPromise(
        Effect.all(
          Array.from({ length: 12 }, (_, i) => createExclusive(path, `writer ${i}`)),
          { concurrency: "unbounded" },
        ).pipe(Effect.provide(disk(code)), Effect.provide(logger)),
      )
      assert.lengthOf(created.filter(Boolean), 1)
      assert.strictEqual(readFileSync(path, "utf8"), `writer ${created.indexOf(true)}`)
      assert.deepStrictEqual(readdirSync(folder), ["0001.json"])
    })
  }

  it("writes files, and warns once of what is weaker", async () => {
    const path = join(scratch, "file.txt")
    await Effect.runPromise(
      Effect.all([writeAtomic(path, "one"), writeAtomic(path, "two")]).pipe(
        Effect.provide(disk("EPERM")),
        Effect.provide(logger),
      ),
    )
    assert.strictEqual(readFileSync(path, "utf8"), "two")
    const about = (words: RegExp) => warnings.filter((warning) => words.test(warning))
    assert.lengthOf(about(/cannot sync folders/), 1)
    assert.lengthOf(about(/has no hard links/), 1)
  })
})

describe("renaming over a file that another program has open", () => {
  /** The first renames fail, as on Windows. */
  const busy = (times: number) => {
    let left = times
    return Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (fs) =>
        FileSystem.FileSystem.of({
          ...fs,
          rename: (from, to) =>
            Effect.suspend(() => (left-- > 0 ? refuse("rename", from, "EPERM") : fs.rename(from, to))),
        }),
      ),
    ).pipe(Layer.provideMerge(NodeServices.layer))
  }
  const replace = (name: string, platform: NodeJS.Platform, times: number) =>
    Effect.gen(function* () {
      const [from, to] = [join(scratch, `${name}.new`), join(scratch, name)]
      writeFileSync(from, "new")
      writeFileSync(to, "old")
      const result = yield* renameOver(from, to, platform).pipe(Effect.result)
      return [result._tag, readFileSync(to, "utf8")]
    }).pipe(Effect.provide(busy(times)))

  it.live("is tried again on Windows until it is closed", () =>
    Effect.map(replace("closed", "win32", 3), (ended) => assert.deepStrictEqual(ended, ["Success", "new"])),
  )

  it.live("fails after two seconds on Windows, and at once elsewhere", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* replace("open", "win32", Number.POSITIVE_INFINITY), ["Failure", "old"])
      assert.deepStrictEqual(yield* replace("linux", "linux", 1), ["Failure", "old"])
    }),
  )
})
