/** A digit in a difficult photograph is prepared as on plain paper, and what is doubtful is named. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { decodeGray } from "../../../stages/preprocess/decode.ts"
import { type CharacterStyle, toCharacter } from "../../../stages/preprocess/digit.ts"
import { drawOf } from "../../photographs/draw.ts"
import { drawDigit, roundPen } from "../../photographs/handwriting.ts"
import { kinds } from "../../photographs/kinds.ts"

const style: CharacterStyle = { size: 28, box: 20, centre: "mass" }

/** The character in a photograph of one kind of a digit that depends on `number` alone. */
const characterIn = Effect.fnUntraced(function* (kind: string, number: number) {
  const digit = yield* Effect.promise(() => drawDigit(drawOf(5, "digit", number), roundPen(0.09), false))
  const bytes = yield* Effect.promise(() => kinds[kind].make(drawOf(5, kind, number), digit))
  return Result.getOrThrow(toCharacter(yield* decodeGray(bytes, kind), style))
})

const meanDifference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length

describe("toCharacter", () => {
  for (const kind of [
    "cropped to its edges",
    "form box",
    "squared paper",
    "lined paper",
    "light on a dark sheet",
    "near the edge of its sheet",
    "sheet on a desk",
    "punched holes",
  ]) {
    it.effect(`reads the digit alone: ${kind}`, () =>
      Effect.gen(function* () {
        const plain = yield* characterIn("plain paper", 1)
        const found = yield* characterIn(kind, 1)
        // Of 255. The photographs are turned differently; between two digits of one class it is about 30.
        assert.isBelow(meanDifference(found.pixels, plain.pixels), 20)
        assert.deepStrictEqual(plain.doubts, [])
      }),
    )
  }
})
