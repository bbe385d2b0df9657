/** PNG files are what other programs read: sharp gives back every pixel. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import sharp from "sharp"
import { encodePng, type PixelSize } from "../../../stages/preprocess/png.ts"

const sizes: ReadonlyArray<PixelSize> = [
  { width: 1, height: 1, channels: 1 },
  { width: 28, height: 28, channels: 1 },
  { width: 3, height: 5, channels: 3 },
  { width: 300, height: 200, channels: 4 },
]

describe("encodePng", () => {
  for (const size of sizes) {
    const { channels, height, width } = size
    it.effect(`encodes ${width}×${height} pixels of ${channels} channels, as sharp decodes them`, () =>
      Effect.gen(function* () {
        const pixels = Uint8Array.from(
          { length: width * height * channels },
          (_, i) => (i * 37 + (i >> 5)) & 255,
        )
        const png = yield* encodePng(pixels, size)
        const { data, info } = yield* Effect.promise(() =>
          sharp(png)
            .toColourspace(channels === 1 ? "b-w" : "srgb")
            .raw()
            .toBuffer({ resolveWithObject: true }),
        )
        assert.deepStrictEqual([info.width, info.height, info.channels], [width, height, channels])
        assert.deepStrictEqual([...data], [...pixels])
        const { format, space } = yield* Effect.promise(() => sharp(png).metadata())
        assert.deepStrictEqual([format, space], ["png", channels === 1 ? "b-w" : "srgb"])
      }),
    )
  }

  it.effect("is no larger than what sharp writes of a drawing", () =>
    Effect.gen(function* () {
      const [width, height] = [280, 280]
      const pixels = Uint8Array.from({ length: width * height }, (_, i) =>
        (i % width) ** 2 + (i / width) ** 2 < 40_000 ? 255 : 0,
      )
      const ours = yield* encodePng(pixels, { width, height, channels: 1 })
      const theirs = yield* Effect.promise(() =>
        sharp(pixels, { raw: { width, height, channels: 1 } })
          .toColourspace("b-w")
          .png()
          .toBuffer(),
      )
      assert.isAtMost(ours.length, 1.1 * theirs.length)
    }),
  )

  it.effect("dies of pixels that do not fill the image", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(encodePng(new Uint8Array(3), { width: 2, height: 2, channels: 1 }))
      assert.strictEqual(exit._tag, "Failure")
    }),
  )
})
