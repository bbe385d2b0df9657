import { mkdir, mkdtemp, readdir, readFile, rm, utimes, symlink, writeFile } from "node:fs/promises"
import { platform, tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, PlatformError, Runtime } from "effect"
import * as files from "../../storage/files.ts"
import { createExclusive } from "../../storage/createExclusive.ts"
import { removeTemporaries } from "../../storage/temporaries.ts"
import { advice, StorageFailed } from "../../storage/StorageFailed.ts"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-files-"))
  return () => rm(folder, { recursive: true, force: true })
})
const at = (name: string) => join(folder, name)
const content = (name: string) => Effect.promise(() => readFile(at(name), "utf8"))
const names = Effect.promise(() => readdir(folder))

const systemError = (code: string) =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "test",
    cause: Object.assign(new Error(code), { code }),
  })

/** Counts every operation that changes something, and lets `decide` make it fail before or after it is done. */
const faulty = (decide: (operation: number, name: string) => "before" | "after" | undefined) => {
  const done: Array<string> = []
  const guard =
    <Args extends ReadonlyArray<unknown>, A, R>(
      name: string,
      operation: (...args: Args) => Effect.Effect<A, PlatformError.PlatformError, R>,
    ) =>
    (...args: Args) =>
      Effect.suspend(() => {
        const fault = decide(done.length, name)
        done.push(name)
        const failed = Effect.fail(systemError("EIO"))
        if (fault === "before") return failed
        return fault === "after" ? Effect.andThen(operation(...args), failed) : operation(...args)
      })
  const layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => {
      return FileSystem.FileSystem.of({
        ...fs,
        rename: guard("rename", fs.rename),
        link: guard("link", fs.link),
        remove: guard("remove", fs.remove),
        open: guard("open", (...args: Parameters<typeof fs.open>) =>
          Effect.map(fs.open(...args), (file): FileSystem.File =>
            Object.create(file, {
              writeAll: { value: guard("write", (bytes: Uint8Array) => file.writeAll(bytes)) },
              sync: { value: guard("sync", () => file.sync)() },
            }),
          ),
        ),
      })
    }),
  )
  return { done, layer: Layer.provideMerge(layer, NodeServices.layer) }
}
const healthy = NodeServices.layer

describe("writeAtomic", () => {
  it.effect("creates a file, replaces it, and leaves nothing else", () =>
    Effect.gen(function* () {
      yield* files.writeAtomic(at("a"), "one")
      yield* files.writeAtomic(at("a"), Uint8Array.from([0x74, 0x77, 0x6f]))
      assert.strictEqual(yield* content("a"), "two")
      yield* files.writeAtomic(at("empty"), "")
      assert.strictEqual(yield* content("empty"), "")
      assert.deepStrictEqual(yield* names, ["a", "empty"])
    }).pipe(Effect.provide(healthy)),
  )

  it.effect("writes content in parts one after another, and syncs them once", () =>
    Effect.gen(function* () {
      const { done, layer } = faulty(() => undefined)
      const parts = ["one, ", "", "two"].map((part) => new TextEncoder().encode(part))
      yield* files.writeAtomic(at("a"), parts).pipe(Effect.provide(layer))
      assert.strictEqual(yield* content("a"), "one, two")
      assert.deepStrictEqual(done, ["open", "write", "write", "sync", "rename", "open", "sync"])
      yield* files.writeAtomic(at("a"), []).pipe(Effect.provide(healthy))
      assert.strictEqual(yield* content("a"), "")
    }),
  )

  it.effect("syncs the content before its name, and the folder after", () =>
    Effect.gen(function* () {
      const { done, layer } = faulty(() => undefined)
      yield* files.writeAtomic(at("a"), "one").pipe(Effect.provide(layer))
      assert.deepStrictEqual(done, ["open", "write", "sync", "rename", "open", "sync"])
    }),
  )

  it.effect.each(["open", "write", "sync", "rename"])(
    "keeps the old content, and no other file, when %s fails",
    (name) =>
      Effect.gen(function* () {
        yield* files.writeAtomic(at("a"), "old").pipe(Effect.provide(healthy))
        let failed = false
        const { layer } = faulty((_, operation) => {
          if (failed || operation !== name) return undefined
          failed = true
          return "before"
        })
        const error = yield* Effect.flip(files.writeAtomic(at("a"), "new").pipe(Effect.provide(layer)))
        assert.strictEqual(error._tag, "StorageFailed")
        assert.strictEqual(error.path, at("a"))
        assert.strictEqual(yield* content("a"), "old")
        assert.deepStrictEqual(yield* names, ["a"])
      }),
  )

  it.effect("leaves the old content or the new, whole, when the machine stops around any operation", () =>
    Effect.gen(function* () {
      const ends: Array<string> = []
      for (let operation = 0; operation < 6; operation++) {
        for (const when of ["before", "after"] as const) {
          yield* files.writeAtomic(at("a"), "old").pipe(Effect.provide(healthy))
          // From that operation on nothing succeeds any more, the cleaning up neither.
          const { layer } = faulty((now) =>
            now < operation ? undefined : now === operation ? when : "before",
          )
          yield* files.writeAtomic(at("a"), "new").pipe(Effect.ignore, Effect.provide(layer))
          ends.push(yield* content("a"))
        }
      }
      // Rename is the fourth operation: old until it is done, new from then on.
      assert.deepStrictEqual(ends, [...Array(7).fill("old"), ...Array(5).fill("new")])
    }),
  )

  it.effect("is never torn for readers while many write", () =>
    Effect.gen(function* () {
      const versions = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i).repeat(50_000))
      yield* files.writeAtomic(at("a"), versions[0])
      const seen: Array<string> = []
      const read = Effect.gen(function* () {
        for (let i = 0; i < 40; i++) seen.push(yield* files.readString(at("a")))
      })
      const writes = versions.map((version) => files.writeAtomic(at("a"), version))
      yield* Effect.all([read, ...writes], { concurrency: "unbounded" })
      assert.isTrue(seen.every((text) => versions.includes(text)))
      assert.deepStrictEqual(yield* names, ["a"])
    }).pipe(Effect.provide(healthy)),
  )
})

describe("createExclusive", () => {
  it.effect("has one winner among 20 that try at once, and its content stays", () =>
    Effect.gen(function* () {
      const tries = Array.from({ length: 20 }, (_, i) => createExclusive(at("lock"), `owner ${i}`))
      const created = yield* Effect.all(tries, { concurrency: "unbounded" })
      assert.strictEqual(created.filter((won) => won).length, 1)
      assert.strictEqual(yield* content("lock"), `owner ${created.indexOf(true)}`)
      assert.deepStrictEqual(yield* names, ["lock"])
      assert.isFalse(yield* createExclusive(at("lock"), "late"))
    }).pipe(Effect.provide(healthy)),
  )

  it.effect.each(["open", "write", "sync", "link"])("creates nothing when %s fails", (name) =>
    Effect.gen(function* () {
      let failed = false
      const { layer } = faulty((_, operation) => {
        if (failed || operation !== name) return undefined
        failed = true
        return "before"
      })
      const error = yield* Effect.flip(createExclusive(at("lock"), "mine").pipe(Effect.provide(layer)))
      assert.strictEqual(error._tag, "StorageFailed")
      assert.deepStrictEqual(yield* names, [])
    }),
  )
})

describe("the other operations", () => {
  it.effect("append at the end, and create where there is nothing", () =>
    Effect.gen(function* () {
      yield* files.append(at("log"), "one\n")
      yield* files.append(at("log"), "two\n")
      assert.strictEqual(yield* content("log"), "one\ntwo\n")
    }).pipe(Effect.provide(healthy)),
  )

  it.effect("answer without an error where a missing file is no surprise", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* files.readStringIfExists(at("none")))
      assert.isUndefined(yield* files.stat(at("none")))
      assert.isFalse(yield* files.exists(at("none")))
      assert.deepStrictEqual(yield* files.list(at("none")), [])
      yield* files.remove(at("none"))
    }).pipe(Effect.provide(healthy)),
  )

  it.effect("tell a file's size and time of change", () =>
    Effect.gen(function* () {
      yield* Effect.promise(async () => {
        await writeFile(at("a"), "four")
        await utimes(at("a"), 1, 1234.5)
      })
      assert.deepStrictEqual(yield* files.stat(at("a")), { sizeBytes: 4, modifiedMs: 1_234_500 })
      assert.strictEqual(yield* files.sizeBytes(at("a")), 4)
    }).pipe(Effect.provide(healthy)),
  )

  it.effect("list names in order, and make and remove whole folders", () =>
    Effect.gen(function* () {
      yield* files.makeFolder(at("x/y/z"))
      yield* files.makeFolder(at("x/y/z"))
      for (const name of ["b", "a", "c"]) yield* files.writeAtomic(at(`x/${name}`), name)
      assert.deepStrictEqual(yield* files.list(at("x")), ["a", "b", "c", "y"])
      yield* files.remove(at("x"))
      assert.deepStrictEqual(yield* names, [])
    }).pipe(Effect.provide(healthy)),
  )

  it.effect("remove what dead processes left of their writes, and nothing of the living", () =>
    Effect.gen(function* () {
      // No process has the largest id a system may give.
      const left = [".a.4194305-1.tmp", `.a.${process.pid}-1.tmp`, "a", ".hidden", "b.tmp"]
      yield* Effect.promise(() => Promise.all(left.map((name) => writeFile(at(name), ""))))
      yield* removeTemporaries(folder)
      assert.deepStrictEqual((yield* names).sort(), left.slice(1).sort())
    }).pipe(Effect.provide(healthy)),
  )
})

describe("errors", () => {
  const cases: ReadonlyArray<readonly [code: string, exit: number, advice: string]> = [
    ["ENOSPC", 74, "the disk is full"],
    ["EDQUOT", 74, "the disk quota is used up"],
    ["EROFS", 73, "the disk is read-only; choose another folder"],
    ["EACCES", 73, "permission denied"],
    ["ENOENT", 66, "its folder does not exist (any more)"],
    ["EIO", 74, "input/output error"],
    ["EFBIG", 74, "ulimit -f"],
    ["ELOOP", 73, "lead in a circle"],
    ["ENAMETOOLONG", 73, "too long; choose a shorter one"],
    ["ENOTDIR", 73, "a part of the path is a file"],
    ["EMFILE", 74, "ulimit -n"],
    ["EBUSY", 74, "is using it"],
    ["ESTALE", 74, "mount it again"],
    ["ESTRANGE", 74, "the system reports ESTRANGE"],
  ]
  it.each(cases)("%s ends a process with %i and says what to do", (code, exit, words) => {
    const error = new StorageFailed({ operation: "write", path: "/a", code })
    assert.strictEqual(error[Runtime.errorExitCode], exit)
    assert.isTrue(error.message.startsWith("cannot write /a: "))
    assert.include(error.message, words)
  })

  it("that machines are known to report have advice, which is a clause without a full stop", () => {
    const known =
      "EACCES EBUSY EDQUOT EEXIST EFBIG EINVAL EIO EISDIR ELOOP EMFILE EMLINK ENAMETOOLONG ENFILE ENOENT ENOSPC ENOTDIR ENXIO EPERM EROFS ESTALE ETIMEDOUT ETXTBSY EXDEV"
    for (const code of known.split(" ")) assert.match(advice[code] ?? "", /^[a-z].*[^.]$/, code)
  })

  it.effect("of a path that nothing can be at end a read with 66", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => symlink(at("circle"), at("circle")))
      yield* Effect.promise(() => writeFile(at("plain"), ""))
      for (const [path, code] of [
        [at("circle"), "ELOOP"],
        [at("x".repeat(5000)), "ENAMETOOLONG"],
        [at("plain/a"), "ENOTDIR"],
      ]) {
        const error = yield* Effect.flip(files.read(path))
        assert.deepStrictEqual([error.code, error[Runtime.errorExitCode]], [code, 66])
        assert.isBelow(error.message.length, 500)
      }
    }).pipe(Effect.provide(healthy)),
  )

  it.effect("carry the operating system's own code", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => mkdir(at("folder")))
      yield* Effect.promise(() => writeFile(at("file"), ""))
      const codes = [
        (yield* Effect.flip(files.read(at("none")))).code,
        (yield* Effect.flip(files.read(at("folder")))).code,
        (yield* Effect.flip(files.writeAtomic(at("none/a"), "x"))).code,
        (yield* Effect.flip(files.makeFolder(at("file/a")))).code,
        (yield* Effect.flip(files.makeFolder(at("file")))).code,
      ]
      assert.deepStrictEqual(codes, ["ENOENT", "EISDIR", "ENOENT", "ENOTDIR", "EEXIST"])
    }).pipe(Effect.provide(healthy)),
  )

  it.effect.skipIf(platform() !== "linux")("come at once where no folder can be made", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(files.makeFolder("/proc/none/a/b"))
      assert.deepStrictEqual([error.code, error.path], ["ENOENT", "/proc/none/a/b"])
    }).pipe(Effect.provide(healthy)),
  )
})
