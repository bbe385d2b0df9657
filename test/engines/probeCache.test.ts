/** Results of probes are cached where only the user can write, and losing one does no harm. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { probeCache } from "../../engines/probeCache.ts"

const before = { HOME: process.env.HOME, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME }
let home = ""

const set = (name: keyof typeof before, value: string | undefined) => {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "tidemark-home-"))
  set("HOME", home)
  set("XDG_CACHE_HOME", undefined)
})
afterEach(() => {
  set("HOME", before.HOME)
  set("XDG_CACHE_HOME", before.XDG_CACHE_HOME)
  rmSync(home, { recursive: true, force: true })
})

const Result = Schema.Struct({ blocks: Schema.Int })
const cacheOf = (...parts: ReadonlyArray<string>) => probeCache("blocks", parts, Result)
const filesIn = (folder: string) => readdirSync(join(folder, "tidemark"))

describe("a cached probe result", () => {
  it.effect("is stored in one file of ~/.cache, and read only if everything it depends on is the same", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* cacheOf("cpu", "1.0").read)
      yield* cacheOf("cpu", "1.0").write({ blocks: 42 })
      yield* cacheOf("cpu", "1.0").write({ blocks: 43 })
      assert.deepStrictEqual(yield* cacheOf("cpu", "1.0").read, { blocks: 43 })
      assert.isUndefined(yield* cacheOf("cpu", "1.1").read)
      assert.isUndefined(yield* cacheOf("cpu1.0").read)
      assert.lengthOf(filesIn(join(home, ".cache")), 1)
    }),
  )

  it.effect("is stored in XDG_CACHE_HOME, unless that is relative or empty", () =>
    Effect.gen(function* () {
      for (const name of ["", "relative"]) {
        set("XDG_CACHE_HOME", name)
        yield* cacheOf(name).write({ blocks: 1 })
      }
      assert.lengthOf(filesIn(join(home, ".cache")), 2)
      set("XDG_CACHE_HOME", join(home, "elsewhere"))
      assert.isUndefined(yield* cacheOf("").read)
      yield* cacheOf("").write({ blocks: 2 })
      assert.lengthOf(filesIn(join(home, "elsewhere")), 1)
    }),
  )

  it.effect("is ignored and replaced if the file holds anything else", () =>
    Effect.gen(function* () {
      yield* cacheOf("cpu").write({ blocks: 42 })
      const file = join(home, ".cache", "tidemark", filesIn(join(home, ".cache"))[0])
      for (const text of ["", "{", '{"blocks":"42"}', "null"]) {
        writeFileSync(file, text)
        assert.isUndefined(yield* cacheOf("cpu").read, text)
      }
      yield* cacheOf("cpu").write({ blocks: 42 })
      assert.deepStrictEqual(JSON.parse(readFileSync(file, "utf8")), { blocks: 42 })
    }),
  )

  it.effect("is not stored if a file takes the place of the folder, or a folder that of the file", () =>
    Effect.gen(function* () {
      writeFileSync(join(home, ".cache"), "")
      yield* cacheOf("cpu").write({ blocks: 42 })
      assert.isUndefined(yield* cacheOf("cpu").read)
      set("XDG_CACHE_HOME", join(home, "taken"))
      yield* cacheOf("cpu").write({ blocks: 42 })
      const folder = join(home, "taken")
      const [name] = filesIn(folder)
      rmSync(join(folder, "tidemark", name))
      mkdirSync(join(folder, "tidemark", name))
      yield* cacheOf("cpu").write({ blocks: 42 })
      assert.isUndefined(yield* cacheOf("cpu").read)
      assert.deepStrictEqual(filesIn(folder), [name])
    }),
  )

  it.effect("is not stored, and the probe does not wait, if no folder can be made there", () =>
    Effect.gen(function* () {
      for (const impossible of ["/proc/1/home", "/dev/null"]) {
        set("XDG_CACHE_HOME", impossible)
        yield* cacheOf("cpu").write({ blocks: 42 })
        assert.isUndefined(yield* cacheOf("cpu").read)
      }
    }),
  )
})
