import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import sharp from "sharp"
import type { ImageOptions } from "../../../schemas/experiment/PackedDataset.ts"
import { decodeExample } from "../../../stages/preprocess/decodeExample.ts"

const white: ImageOptions = { background: [255, 255, 255] }

const decode = async (
  bytes: Uint8Array,
  shape: readonly [number, number, number],
  options: ImageOptions = white,
) => {
  const to = new Uint8Array(shape[0] * shape[1] * shape[2])
  const { traits } = await Effect.runPromise(decodeExample(bytes, "x.png", shape, options, to))
  return { pixels: [...to], traits }
}

const gray = (width: number, height: number, values: ReadonlyArray<number>) =>
  sharp(Uint8Array.from(values), { raw: { width, height, channels: 1 } })

/** Brightness of the corners: top left, top right, bottom left, bottom right. */
const corners = ({ pixels }: { readonly pixels: ReadonlyArray<number> }, width: number, height: number) =>
  [0, width - 1, width * (height - 1), width * height - 1].map((at) => Math.round(pixels[at] / 80))

describe("an image of a dataset", () => {
  const values = Array.from({ length: 6 }, (_, i) => i * 50)

  it("of its shape keeps its bytes, as gray PNG, colour PNG and PNG with a palette", async () => {
    const colour = await gray(3, 2, values).toColourspace("srgb").png().toBuffer()
    const palette = await gray(3, 2, values).toColourspace("srgb").png({ palette: true }).toBuffer()
    for (const bytes of [await gray(3, 2, values).png().toBuffer(), colour, palette]) {
      assert.deepStrictEqual((await decode(bytes, [2, 3, 1])).pixels, values)
    }
    assert.deepStrictEqual(
      (await decode(colour, [2, 3, 3])).pixels,
      values.flatMap((v) => [v, v, v]),
    )
    assert.deepStrictEqual((await decode(palette, [2, 3, 1])).traits, ["with a palette"])
  })

  it("is turned upright by each of the eight orientations of EXIF", async () => {
    // Bright at top left, half as bright at top right, when it is upright.
    const size = 16
    const half = size / 2
    const upright = Array.from({ length: size * size }, (_, at) =>
      Math.floor(at / size) < half ? (at % size < half ? 240 : 160) : at % size < half ? 80 : 0,
    )
    const place = (x: number, y: number) => upright[y * size + x]
    const last = size - 1
    const stored: Readonly<Record<number, (x: number, y: number) => number>> = {
      1: place,
      2: (x, y) => place(last - x, y),
      3: (x, y) => place(last - x, last - y),
      4: (x, y) => place(x, last - y),
      5: (x, y) => place(y, x),
      6: (x, y) => place(last - y, x),
      7: (x, y) => place(last - y, last - x),
      8: (x, y) => place(y, last - x),
    }
    for (const [orientation, at] of Object.entries(stored)) {
      const pixels = Array.from({ length: size * size }, (_, i) => at(i % size, Math.floor(i / size)))
      const bytes = await gray(size, size, pixels)
        .withMetadata({ orientation: Number(orientation) })
        .jpeg({ quality: 100 })
        .toBuffer()
      const decoded = await decode(bytes, [size, size, 1])
      assert.deepStrictEqual(corners(decoded, size, size), [3, 2, 1, 0], `orientation ${orientation}`)
      assert.strictEqual(decoded.traits.includes("turned by EXIF"), Number(orientation) > 1)
    }
  })

  it("shows the background where it is transparent", async () => {
    const rgba = Uint8Array.from([10, 20, 30, 255, 10, 20, 30, 0])
    const bytes = await sharp(rgba, { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer()
    const onBlue = await decode(bytes, [1, 2, 3], { background: [0, 0, 255] })
    assert.deepStrictEqual(onBlue, { pixels: [10, 20, 30, 0, 0, 255], traits: ["with transparency"] })
  })

  it("of 16 bits and in CMYK becomes 8 bits of gray or colour", async () => {
    const deep = await sharp(Uint16Array.from([0, 257, 65_535]), {
      raw: { width: 3, height: 1, channels: 1 },
    })
      .toColourspace("grey16")
      .png()
      .toBuffer()
    assert.deepStrictEqual(await decode(deep, [1, 3, 1]), { pixels: [0, 1, 255], traits: ["of 16 bits"] })
    const cmyk = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#ffffff" } })
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer()
    const { pixels, traits } = await decode(cmyk, [8, 8, 3])
    assert.deepStrictEqual(traits, ["in CMYK"])
    assert.isAbove(Math.min(...pixels), 245)
  })

  it("of another size is cropped, padded or stretched as the experiment says", async () => {
    // Two columns of light at the left and the right of a dark image.
    const wide = await gray(
      8,
      4,
      Array.from({ length: 32 }, (_, at) => (at % 8 < 2 || at % 8 > 5 ? 255 : 0)),
    )
      .png()
      .toBuffer()
    const of = async (fit: ImageOptions["fit"]) =>
      (await decode(wide, [4, 4, 1], { fit, background: [100, 100, 100] } as ImageOptions)).pixels
    assert.isBelow(Math.max(...(await of("cover"))), 60)
    const padded = await of("pad")
    assert.deepStrictEqual(
      [...padded.slice(0, 4), ...padded.slice(12)],
      Array.from({ length: 8 }, () => 100),
    )
    assert.isAbove((await of("stretch"))[0], 200)
  })
})
