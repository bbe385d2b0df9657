/** A photograph of a sheet is read without what the sheet lies on. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import sharp from "sharp"
import { decodeGray } from "../../../stages/preprocess/decode.ts"
import { type CharacterStyle, toCharacter } from "../../../stages/preprocess/digit.ts"
import type { GrayImage } from "../../../stages/preprocess/GrayImage.ts"
import { digitAt } from "../../fixtures/mnistTest.ts"
import { onTable, paperScene, photograph, type Table } from "../../fixtures/photograph.ts"

const style: CharacterStyle = { size: 28, box: 20, centre: "mass" }
const digits = Array.from({ length: 40 }, (_, i) => digitAt(i * 211).pixels)

const character = (image: GrayImage) => Result.getOrThrow(toCharacter(image, style)).pixels

const meanDifference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length

describe("toCharacter", () => {
  it.effect("reads the sheet only, whatever it lies on and also if the photograph cuts it off", () =>
    Effect.gen(function* () {
      const around = { left: 60, top: 60, right: 60, bottom: 60 }
      const tables: ReadonlyArray<Table> = [
        { brightness: 70, grain: 10, angle: 6, margins: around },
        { brightness: 130, grain: 14, angle: -9, margins: around },
        { brightness: 50, grain: 8, angle: 3, margins: { ...around, top: -20, right: -20 } },
        { brightness: 90, grain: 20, angle: 8, margins: { left: -30, top: 20, right: 20, bottom: -30 } },
        { brightness: 10, grain: 2, angle: 1, margins: { left: 40, top: 40, right: -8, bottom: -8 } },
        { brightness: 245, grain: 4, angle: 4, margins: around },
      ]
      for (const [i, table] of tables.entries()) {
        for (const digit of digits.slice(6 * i, 6 * i + 2)) {
          const sheet = yield* Effect.promise(() =>
            photograph(
              digit,
              { ...paperScene, width: 400, height: 300, size: 150, shadow: 0.25, noise: 6, angle: 0 },
              i,
            ),
          )
          const photo = yield* Effect.promise(() => onTable(sheet, table, i))
          const unrotated = character(yield* decodeGray(sheet, "sheet"))
          // The digit is rotated with its sheet.
          const expected = yield* Effect.promise(() =>
            sharp(unrotated, { raw: { width: 28, height: 28, channels: 1 } })
              .rotate(table.angle, { background: "black" })
              .toColourspace("b-w")
              .raw()
              .toBuffer({ resolveWithObject: true }),
          )
          const cut = Math.floor((expected.info.width - 28) / 2)
          const rotated = Uint8Array.from(
            { length: 784 },
            (_, p) => expected.data[(Math.floor(p / 28) + cut) * expected.info.width + (p % 28) + cut],
          )
          const found = character(yield* decodeGray(photo, "photo"))
          // Of 255. Between two digits of one class it is about 30.
          assert.isBelow(meanDifference(found, rotated), 14, `table ${i}`)
        }
      }
    }),
  )
})
