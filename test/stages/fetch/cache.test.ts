import { mkdir, rm, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, PlatformError } from "effect"
import type { Digest } from "../../../stages/fetch/datasets.ts"
import { content, corrupted, md5, names, page, sends, useServer, zipped } from "./server.ts"

const server = useServer()

/** Counts how often the file is read. */
const countingReads = (path: string) => {
  const counted = { reads: 0 }
  const layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) =>
      FileSystem.FileSystem.of({
        ...fs,
        open: (file, options) => {
          if (file === path) counted.reads++
          return fs.open(file, options)
        },
      }),
    ),
  )
  return { counted, layer }
}

describe("a published file in the cache", () => {
  const cachedRead = Effect.fnUntraced(function* () {
    const { counted, layer } = countingReads(server.finalPath())
    const file = yield* server.published({}, layer)
    return { file, reads: counted.reads }
  })
  const fetched = Effect.gen(function* () {
    server.responses["/a"] = [sends(zipped)]
    yield* server.published()
    server.requests = []
  })

  it.live("is not read if its size and modification time are those of its record", () =>
    Effect.gen(function* () {
      yield* fetched
      const { file, reads } = yield* cachedRead()
      assert.strictEqual(file.source, `cache (${server.origin}/a)`)
      assert.deepStrictEqual([reads, server.requests.length], [0, 0])
    }),
  )

  it.live("is hashed again once if its modification time changed", () =>
    Effect.gen(function* () {
      yield* fetched
      yield* Effect.promise(() => utimes(server.finalPath(), 1, 1))
      assert.strictEqual((yield* cachedRead()).reads, 1)
      assert.strictEqual((yield* cachedRead()).reads, 0)
      assert.strictEqual(server.requests.length, 0)
    }),
  )

  const records: ReadonlyArray<readonly [string, string | undefined]> = [
    ["is missing", undefined],
    ["is not JSON", "{"],
    ["is of another shape", '{"sha256": 1}'],
    [
      "is of other content",
      JSON.stringify({ sha256: "0".repeat(64), sizeBytes: 20_000, modifiedMs: 0, source: "x" }),
    ],
  ]
  it.live.each(records)("is hashed and used if its record %s", ([, record]) =>
    Effect.gen(function* () {
      yield* fetched
      yield* Effect.promise(() =>
        record === undefined
          ? rm(`${server.finalPath()}.json`)
          : writeFile(`${server.finalPath()}.json`, record),
      )
      assert.strictEqual((yield* cachedRead()).reads, 1)
      assert.strictEqual(server.requests.length, 0)
      yield* server.assertKept
    }),
  )

  it.live.each([corrupted, content.subarray(0, 100), page])(
    "is replaced if it was damaged (case %#)",
    (bytes) =>
      Effect.gen(function* () {
        yield* fetched
        yield* Effect.promise(() => writeFile(server.finalPath(), bytes))
        // Damage of the same size within a millisecond of the download would not be noticed.
        yield* Effect.promise(() => utimes(server.finalPath(), 1, 1))
        const file = yield* server.published()
        assert.strictEqual(file.source, `${server.origin}/a`)
        yield* server.assertKept
      }),
  )

  it.live("is not used without a record if only the compressed file has a digest", () =>
    Effect.gen(function* () {
      yield* fetched
      yield* Effect.promise(() => rm(`${server.finalPath()}.json`))
      const digest: Digest = { of: "download", algorithm: "md5", value: md5(zipped) }
      yield* server.published({ digest })
      assert.strictEqual(server.requests.length, 1)
      yield* server.assertKept
    }),
  )

  it.live("may be put there by hand as a compressed file", () =>
    Effect.gen(function* () {
      yield* fetched
      yield* Effect.promise(async () => {
        await rm(server.finalPath())
        await writeFile(`${server.finalPath()}.gz`, zipped)
      })
      const file = yield* server.published()
      assert.strictEqual(file.source, `${server.finalPath()}.gz`)
      assert.strictEqual(server.requests.length, 0)
    }),
  )
})

describe("a temporary file in the cache", () => {
  it.live(
    "is removed by a fetch when it is older than an hour, because it may belong to another process",
    () =>
      Effect.gen(function* () {
        server.responses["/a"] = [sends(content)]
        const folder = join(server.dataDir, "small")
        yield* Effect.promise(async () => {
          await mkdir(folder)
          await writeFile(join(folder, ".labels.1-1.tmp"), "old")
          await utimes(join(folder, ".labels.1-1.tmp"), 1, 1)
          await writeFile(join(folder, ".labels.1-2.tmp"), "new")
        })
        yield* server.published()
        assert.deepStrictEqual(yield* Effect.promise(() => names(folder)), [
          ".labels.1-2.tmp",
          "labels-idx1-ubyte",
          "labels-idx1-ubyte.json",
        ])
      }),
  )
})

describe("a full disk", () => {
  it.live("is an error that names the full disk, and no file is kept", () =>
    Effect.gen(function* () {
      server.responses["/a"] = [sends(content)]
      const full = PlatformError.systemError({
        _tag: "WriteZero",
        module: "FileSystem",
        method: "write",
        cause: Object.assign(new Error("no space"), { code: "ENOSPC" }),
      })
      const layer = Layer.effect(
        FileSystem.FileSystem,
        Effect.map(FileSystem.FileSystem, (fs) =>
          FileSystem.FileSystem.of({
            ...fs,
            open: (path, options) =>
              fs
                .open(path, options)
                .pipe(
                  Effect.map((file) =>
                    Object.assign(Object.create(file), { writeAll: () => Effect.fail(full) }),
                  ),
                ),
          }),
        ),
      )
      const error = yield* Effect.flip(server.published({}, layer))
      assert.include(error.message, "the disk is full")
      yield* server.assertNothingKept
    }),
  )
})
