import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import sharp from "sharp"
import { decodeFitted, decodeGray } from "../../../stages/preprocess/decode.ts"

const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#888" }, limitInputPixels: false })

const refusal = (bytes: Uint8Array) => Effect.flip(decodeGray(bytes, "x"))

describe("decodeGray", () => {
  it.effect("reads PNG, JPEG and WebP", () =>
    Effect.gen(function* () {
      for (const format of ["png", "jpeg", "webp"] as const) {
        const bytes = yield* Effect.promise(() => plain(30, 20).toFormat(format).toBuffer())
        const { height, pixels, width } = yield* decodeGray(bytes, format)
        assert.deepStrictEqual([width, height], [30, 20])
        assert.isTrue(pixels.every((value) => Math.abs(value - 0x88) <= 2))
      }
    }),
  )

  it.effect("keeps the gray levels of a PNG of 8 and of 16 bits", () =>
    Effect.gen(function* () {
      const levels = Uint8Array.from({ length: 256 }, (_, i) => i)
      const raw = { raw: { width: 16, height: 16, channels: 1 } } as const
      const eight = yield* Effect.promise(() => sharp(levels, raw).png().toBuffer())
      assert.deepStrictEqual([...(yield* decodeGray(eight, "8")).pixels], [...levels])
      const sixteen = yield* Effect.promise(() => sharp(levels, raw).toColourspace("grey16").png().toBuffer())
      for (const [i, value] of (yield* decodeGray(sixteen, "16")).pixels.entries()) {
        assert.closeTo(value, levels[i], 1)
      }
    }),
  )

  it.effect("rotates a photograph by its EXIF orientation, and shrinks a large one", () =>
    Effect.gen(function* () {
      const rotated = yield* Effect.promise(() =>
        plain(2400, 1200).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      )
      const { height, width } = yield* decodeGray(rotated, "rotated")
      assert.deepStrictEqual([width, height], [600, 1200])
    }),
  )

  it.effect("draws ink with a transparent background on a contrasting one", () =>
    Effect.gen(function* () {
      const ink = (background: string) =>
        Effect.promise(() =>
          sharp({ create: { width: 20, height: 20, channels: 4, background: "#00000000" } })
            .composite([
              { input: { create: { width: 6, height: 6, channels: 4, background } }, left: 7, top: 7 },
            ])
            .png()
            .toBuffer(),
        )
      const dark = yield* decodeGray(yield* ink("#000"), "dark")
      assert.deepStrictEqual([dark.pixels[0], dark.pixels[10 * 20 + 10]], [255, 0])
      const light = yield* decodeGray(yield* ink("#fff"), "light")
      assert.deepStrictEqual([light.pixels[0], light.pixels[10 * 20 + 10]], [0, 255])
    }),
  )

  it.effect("refuses a hundred megapixels from the header, without decoding the image", () =>
    Effect.gen(function* () {
      const small = yield* Effect.promise(() => plain(64, 64).png().toBuffer())
      // A header of 10,000 × 10,000 before the content of 64 × 64, which cannot be decoded.
      const bomb = Uint8Array.from(small)
      new DataView(bomb.buffer).setUint32(16, 10_000)
      new DataView(bomb.buffer).setUint32(20, 10_000)
      bomb.set(crc(bomb.subarray(12, 29)), 29)
      const error = yield* refusal(bomb)
      assert.strictEqual(error._tag, "ImageTooLarge")
      assert.match(error.message, /10000 × 10000, 100 megapixels, expected at most 64/)
    }),
  )

  it.effect("refuses absurd shapes from the header, and says what it found and expects", () =>
    Effect.gen(function* () {
      const small = yield* Effect.promise(() => plain(64, 64).png().toBuffer())
      const shapes = [
        [1, 64_000_000],
        [64_000_000, 1],
        [3, 301],
        [0, 0],
        [0, 28],
        [28, 0],
        [2 ** 32 - 1, 1],
      ] as const
      for (const [width, height] of shapes) {
        const bytes = Uint8Array.from(small)
        new DataView(bytes.buffer).setUint32(16, width)
        new DataView(bytes.buffer).setUint32(20, height)
        bytes.set(crc(bytes.subarray(12, 29)), 29)
        const error = yield* refusal(bytes)
        assert.strictEqual(error._tag, "ImageShapeUnsupported")
        assert.include(
          error.message,
          `found ${width} × ${height} pixels, expected at least 1 × 1 and one side at most 100 times as long`,
        )
      }
      for (const format of ["jpeg", "webp"] as const) {
        const bytes = yield* Effect.promise(() => plain(2, 201).toFormat(format).toBuffer())
        assert.strictEqual((yield* refusal(bytes))._tag, "ImageShapeUnsupported", format)
      }
      const long = yield* Effect.promise(() => plain(200, 2).png().toBuffer())
      assert.strictEqual((yield* decodeGray(long, "long")).width, 200)
    }),
  )

  it.effect("accepts images as long as those of the dataset", () =>
    Effect.gen(function* () {
      const series = yield* Effect.promise(() => plain(500, 1).png().toBuffer())
      assert.strictEqual((yield* decodeFitted(series, "series", [1, 250, 1])).width, 250)
      const error = yield* Effect.flip(decodeFitted(series, "series", [28, 28, 1]))
      assert.strictEqual(error._tag, "ImageShapeUnsupported")
    }),
  )

  it.effect("refuses truncated, empty and other files, and names their format", () =>
    Effect.gen(function* () {
      const noisy = Uint8Array.from({ length: 200 * 200 }, (_, i) => (i * 7919) % 251)
      const raw = { raw: { width: 200, height: 200, channels: 1 } } as const
      for (const format of ["png", "jpeg", "webp"] as const) {
        const bytes = yield* Effect.promise(() => sharp(noisy, raw).toFormat(format).toBuffer())
        const error = yield* refusal(bytes.subarray(0, bytes.length >> 1))
        assert.strictEqual(error._tag, "ImageDamaged", format)
        assert.notInclude(error.message, "\n")
      }
      const gif = yield* Effect.promise(() => plain(8, 8).gif().toBuffer())
      for (const [bytes, found] of [
        [gif, /found GIF/],
        [new Uint8Array(), /found an empty file/],
        [new TextEncoder().encode("<svg/>"), /found SVG/],
        [new TextEncoder().encode("hello"), /found the bytes 68 65 6c 6c/],
      ] as const) {
        const error = yield* refusal(bytes)
        assert.strictEqual(error._tag, "ImageFormatUnsupported")
        assert.match(error.message, found)
      }
    }),
  )
})

/** The CRC-32 of a PNG chunk, as its last four bytes. */
const crc = (bytes: Uint8Array) => {
  let value = 0xffffffff
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  }
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, ~value >>> 0)
  return out
}
