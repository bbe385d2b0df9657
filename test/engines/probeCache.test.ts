/** What was found out is remembered where only the user writes, and forgotten without harm. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { verdict } from "../../engines/probeCache.ts"

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

const Answer = Schema.Struct({ answer: Schema.Int })
const about = (...parts: ReadonlyArray<string>) => verdict("answer", parts, Answer)
const filesIn = (folder: string) => readdirSync(join(folder, "tidemark"))

describe("a verdict", () => {
  it.effect("is read back in ~/.cache, in one file, and only for what it depends on", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* about("cpu", "1.0").read)
      yield* about("cpu", "1.0").write({ answer: 42 })
      yield* about("cpu", "1.0").write({ answer: 43 })
      assert.deepStrictEqual(yield* about("cpu", "1.0").read, { answer: 43 })
      assert.isUndefined(yield* about("cpu", "1.1").read)
      assert.isUndefined(yield* about("cpu1.0").read)
      assert.lengthOf(filesIn(join(home, ".cache")), 1)
    }),
  )

  it.effect(
    "is kept in XDG_CACHE_HOME where that names a folder, and not where it is relative or empty",
    () =>
      Effect.gen(function* () {
        for (const name of ["", "relative"]) {
          set("XDG_CACHE_HOME", name)
          yield* about(name).write({ answer: 1 })
        }
        assert.lengthOf(filesIn(join(home, ".cache")), 2)
        set("XDG_CACHE_HOME", join(home, "elsewhere"))
        assert.isUndefined(yield* about("").read)
        yield* about("").write({ answer: 2 })
        assert.lengthOf(filesIn(join(home, "elsewhere")), 1)
      }),
  )

  it.effect("that is no such verdict does not count, and is replaced", () =>
    Effect.gen(function* () {
      yield* about("cpu").write({ answer: 42 })
      const file = join(home, ".cache", "tidemark", filesIn(join(home, ".cache"))[0])
      for (const text of ["", "{", '{"answer":"42"}', "null"]) {
        writeFileSync(file, text)
        assert.isUndefined(yield* about("cpu").read, text)
      }
      yield* about("cpu").write({ answer: 42 })
      assert.deepStrictEqual(JSON.parse(readFileSync(file, "utf8")), { answer: 42 })
    }),
  )

  it.effect("that cannot be kept is not: a file where the folder should be, a name taken by a folder", () =>
    Effect.gen(function* () {
      writeFileSync(join(home, ".cache"), "")
      yield* about("cpu").write({ answer: 42 })
      assert.isUndefined(yield* about("cpu").read)
      set("XDG_CACHE_HOME", join(home, "taken"))
      yield* about("cpu").write({ answer: 42 })
      const folder = join(home, "taken")
      const [name] = filesIn(folder)
      rmSync(join(folder, "tidemark", name))
      mkdirSync(join(folder, "tidemark", name))
      yield* about("cpu").write({ answer: 42 })
      assert.isUndefined(yield* about("cpu").read)
      assert.deepStrictEqual(filesIn(folder), [name])
    }),
  )
})
