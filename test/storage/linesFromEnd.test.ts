/** Reading a text from its end finds what reading it from its beginning would find last. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { findFromEnd } from "../../storage/linesFromEnd.ts"

const folder = mkdtempSync(join(tmpdir(), "tidemark-lines-"))
const linesOf = (content: string | Uint8Array) =>
  Effect.gen(function* () {
    const path = join(folder, "text")
    writeFileSync(path, content)
    const lines: Array<string> = []
    assert.isUndefined(yield* findFromEnd(path, (line) => void lines.push(line)))
    return lines
  })

describe("findFromEnd", () => {
  it.effect.prop(
    "reads the lines of any text in reverse order, whatever their lengths",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 70_000 })))],
    ([lengths]) =>
      Effect.gen(function* () {
        // Characters of two bytes, so that blocks begin in the middle of one.
        const text = lengths.map((length, i) => `${i}${"ü".repeat(length)}`).join("\n")
        assert.deepStrictEqual(yield* linesOf(text), text === "" ? [""] : text.split("\n").toReversed())
      }),
  )

  it.effect("cuts lines where blocks of 64 KiB begin and end", () =>
    Effect.gen(function* () {
      for (const size of [65_534, 65_535, 65_536, 65_537, 131_072]) {
        const text = `first\n${"a".repeat(size - 1)}\n`
        assert.deepStrictEqual(yield* linesOf(text), text.split("\n").toReversed())
      }
      assert.deepStrictEqual(
        yield* linesOf("\n".repeat(65_536)),
        Array.from({ length: 65_537 }, () => ""),
      )
    }),
  )

  it.effect("reads a line of more than 1 MiB as an empty one, and the lines around it as they are", () =>
    Effect.gen(function* () {
      const mebibyte = 2 ** 20
      for (const [size, isRead] of [
        [mebibyte, true],
        [mebibyte + 1, false],
        [5 * mebibyte + 12_345, false],
      ] as const) {
        const long = "x".repeat(size)
        assert.deepStrictEqual(yield* linesOf(`first\n${long}\nlast`), ["last", isRead ? long : "", "first"])
      }
    }),
  )

  it.effect("stops at the last line that has what is looked for", () =>
    Effect.gen(function* () {
      const path = join(folder, "rows")
      writeFileSync(path, "1\n2\nthree\n4\nfive\n")
      const seen: Array<string> = []
      const found = yield* findFromEnd(path, (line) => {
        seen.push(line)
        return Number(line) > 0 ? Number(line) : undefined
      })
      assert.strictEqual(found, 4)
      assert.deepStrictEqual(seen, ["", "five", "4"])
    }),
  )

  it.effect("finds nothing in a file that does not exist, and refuses what is no regular file", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* findFromEnd(join(folder, "none"), (line) => line))
      const error = yield* Effect.flip(findFromEnd(folder, (line) => line))
      assert.include(error.message, "folder")
    }),
  )
})
