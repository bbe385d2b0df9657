import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import sharp from "sharp"
import { decodeGray } from "../../../stages/preprocess/decode.ts"
import { type CharacterStyle, toCharacter } from "../../../stages/preprocess/digit.ts"
import { centreOfMass } from "../../../stages/preprocess/fit.ts"
import { type GrayImage, negative } from "../../../stages/preprocess/GrayImage.ts"
import { digitAt } from "../../fixtures/mnistTest.ts"
import { paperScene, photograph } from "../../fixtures/photograph.ts"

const style: CharacterStyle = { size: 28, box: 20, centre: "mass" }
const digits = Array.from({ length: 40 }, (_, i) => digitAt(i * 211).pixels)

const character = (image: GrayImage) => Result.getOrThrow(toCharacter(image, style)).pixels
const refusal = (image: GrayImage) => {
  const found = toCharacter(image, style)
  return Result.isFailure(found) ? found.failure : "no refusal: a character was found"
}

const gray = (width: number, height: number, value: (x: number, y: number) => number): GrayImage => ({
  width,
  height,
  pixels: Float32Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width))),
})

const meanDifference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length

const drawn = (path: string, strokeWidth: number) =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"><rect width="640" height="480" fill="#eee"/><path d="${path}" fill="none" stroke="#223" stroke-width="${strokeWidth}"/></svg>`,
    ),
  )
    .png()
    .toBuffer()

describe("toCharacter", () => {
  it.effect("hardly changes an image of MNIST that was saved as PNG", () =>
    Effect.gen(function* () {
      for (const digit of digits) {
        const png = yield* Effect.promise(() =>
          sharp(digit, { raw: { width: 28, height: 28, channels: 1 } })
            .png()
            .toBuffer(),
        )
        // Of 255, because the contrast is stretched a little.
        assert.isBelow(meanDifference(character(yield* decodeGray(png, "digit")), digit), 3)
      }
    }),
  )

  it("gives the same bits for an image and its negative", () => {
    for (const digit of digits) {
      const image = { width: 28, height: 28, pixels: Float32Array.from(digit) }
      assert.deepStrictEqual(character(negative(image)), character(image))
    }
  })

  it.effect("puts the centre of mass in the middle and fits the character into its box", () =>
    Effect.gen(function* () {
      for (const [i, digit] of digits.slice(0, 12).entries()) {
        const photo = yield* Effect.promise(() =>
          photograph(digit, { ...paperScene, darkInk: i % 2 === 0 }, i),
        )
        const image = yield* decodeGray(photo, "photo")
        const pixels = character(image)
        assert.deepStrictEqual(character(negative(image)), pixels)
        const { x, y } = centreOfMass({ width: 28, height: 28, pixels: Float32Array.from(pixels) })
        assert.closeTo(x, 14.5, 0.35)
        assert.closeTo(y, 14.5, 0.35)
        const columns = Array.from({ length: 28 }, (_, c) => pixels.some((v, p) => p % 28 === c && v > 127))
        const rows = Array.from({ length: 28 }, (_, r) =>
          pixels.subarray(28 * r, 28 * r + 28).some((v) => v > 127),
        )
        const longest = Math.max(columns.filter(Boolean).length, rows.filter(Boolean).length)
        assert.isAtLeast(longest, 18)
        assert.isAtMost(longest, 21)
      }
    }),
  )

  it.effect("makes thin strokes as wide as those of MNIST, and does not change thick ones", () =>
    Effect.gen(function* () {
      const inkOf = (width: number) =>
        Effect.gen(function* () {
          const png = yield* Effect.promise(() =>
            drawn("M320 100 L250 280 L390 280 M350 200 L340 380", width),
          )
          return character(yield* decodeGray(png, "four")).reduce((sum, value) => sum + value / 255, 0)
        })
      // The middle half of MNIST's fours has 80 to 120 pixels of ink.
      assert.isAtLeast(yield* inkOf(3), 60)
      assert.isAbove(yield* inkOf(45), 1.3 * (yield* inkOf(3)))
    }),
  )

  it("names what is doubtful about a character", () => {
    const doubts = (image: GrayImage) => Result.getOrThrow(toCharacter(image, style)).doubts
    /** Ink of a ring around (cx, cy). */
    const ring = (x: number, y: number, cx: number, cy: number, rx: number, ry: number, pen: number) => {
      const radius = Math.hypot((x - cx) / rx, (y - cy) / ry)
      return radius <= 1 && radius > 1 - (2 * pen) / (rx + ry)
    }
    const paper = (ink: (x: number, y: number) => boolean) => gray(300, 300, (x, y) => (ink(x, y) ? 30 : 230))
    assert.deepStrictEqual(doubts(paper((x, y) => ring(x, y, 150, 150, 60, 90, 16))), [])
    const cropped = gray(121, 181, (x, y) => (ring(x, y, 60, 90, 62, 92, 16) ? 30 : 230))
    assert.deepStrictEqual(doubts(cropped), ["touchesBorder"])
    const two = paper((x, y) => ring(x, y, 80, 150, 50, 90, 14) || ring(x, y, 240, 150, 40, 60, 14))
    assert.deepStrictEqual(doubts(two), ["otherMarks"])
    const squared = paper((x, y) => x % 40 < 2 || y % 40 < 2 || ring(x, y, 150, 150, 60, 90, 16))
    assert.deepStrictEqual(doubts(squared), ["linesRemoved"])
    /** A 1 that reaches the frame around it. */
    const framed = (pen: number) =>
      paper((x, y) => {
        const [dx, dy] = [Math.abs(x - 150), Math.abs(y - 150)]
        const isFrame = Math.max(dx, dy) < 120 && Math.max(dx, dy) > 120 - pen
        return isFrame || (dx < 8 && dy < 118)
      })
    assert.deepStrictEqual(doubts(framed(4)), ["linesRemoved"])
    assert.include(doubts(framed(16)), "frameLeft")
  })

  it("refuses an image without a character, with the reason", () => {
    let state = 1
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state / 2 ** 24
    }
    assert.match(refusal(gray(300, 200, () => 230)), /nothing that stands out/)
    assert.match(refusal(gray(300, 200, (x, y) => 60 + x / 2 + y / 4)), /nothing that stands out/)
    assert.match(refusal(gray(300, 300, random)), /nothing that stands out/)
    assert.match(refusal(gray(1, 1, () => 7)), /nothing that stands out/)
    const square = gray(300, 200, (x, y) => (x > 120 && x < 180 && y > 70 && y < 130 ? 20 : 230))
    assert.match(refusal(square), /solid shape/)
    const dot = gray(300, 200, (x, y) => (x > 120 && x < 125 && y > 70 && y < 75 ? 20 : 230))
    assert.match(refusal(dot), /too small/)
    const text = gray(400, 300, (x, y) =>
      x % 50 > 20 && x % 50 < 24 && y % 75 > 20 && y % 75 < 50 ? 20 : 230,
    )
    assert.match(refusal(text), /many marks/)
  })
})
