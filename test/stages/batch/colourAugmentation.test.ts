/** Augmentation of colour photographs: exact values, and that they depend on seed and position alone. */
import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Augmentation } from "../../../schemas/experiment/Augmentation.ts"
import { makeAugment } from "../../../stages/batch/augment.ts"
import { fillHere } from "../../../stages/batch/batch.ts"
import { makeRecolour } from "../../../stages/batch/colour.ts"
import { makePlacement } from "../../../stages/batch/placement.ts"
import { standardizedTable } from "../../../stages/dataset/normalize.ts"
import { numbered } from "./numbered.ts"

const decode = Schema.decodeUnknownSync(Augmentation)
/** The word that `factor` maps to 1 - most, 1 and 1 + most · (1 - 2^-31). */
const [least, middle, greatest] = [0, 2 ** 31, 2 ** 32 - 1]
const words = (...values: ReadonlyArray<number>) => Uint32Array.from(values)

/** One pixel by channel, on the scale of pixels. */
const recoloured = (
  definition: (typeof Augmentation)["Encoded"],
  pixels: ReadonlyArray<number>,
  drawn: Uint32Array,
  channels = 3,
) => {
  const range = {
    black: Array.from({ length: channels }, () => 0),
    white: Array.from({ length: channels }, () => 255),
  }
  const shape = [1, pixels.length / channels, channels] as const
  const out = new Float32Array(pixels.length + 2).fill(-1)
  makeRecolour(decode(definition), shape, range, () => drawn)?.(0, Uint8Array.from(pixels), out, 1)
  assert.deepStrictEqual([out[0], out.at(-1)], [-1, -1])
  return [...out.subarray(1, -1)]
}

describe("brightness, contrast and saturation", () => {
  it("multiply pixels, their distance from the mean gray and from their own gray", () => {
    const pixels = [100, 200, 40, 20, 20, 20]
    assert.deepStrictEqual(
      recoloured({ brightness: 0.5 }, pixels, words(least, middle, middle)),
      [50, 100, 20, 10, 10, 10],
    )
    // Grays: (299·100 + 587·200 + 114·40) / 1000 = 151.86, and 20; their mean is 85.93.
    const flat = recoloured({ contrast: 1 }, pixels, words(middle, least, middle))
    assert.deepStrictEqual(
      flat,
      pixels.map(() => Math.fround(85.93)),
    )
    const half = recoloured({ contrast: 0.5 }, pixels, words(middle, least, middle))
    assert.deepStrictEqual(
      half,
      pixels.map((pixel) => Math.fround(85.93 + (pixel - 85.93) / 2)),
    )
    const gray = recoloured({ saturation: 1 }, pixels, words(middle, middle, least))
    assert.deepStrictEqual(gray, [...[1, 1, 1].map(() => Math.fround(151.86)), 20, 20, 20])
  })

  it("are clipped to black and white, and change nothing with a factor of 1", () => {
    const pixels = [0, 128, 255]
    assert.deepStrictEqual(
      recoloured({ brightness: 1 }, pixels, words(greatest, middle, middle)),
      [0, 255, 255],
    )
    const all = { brightness: 0.3, contrast: 0.3, saturation: 0.3 }
    assert.deepStrictEqual(recoloured(all, pixels, words(middle, middle, middle)), pixels)
  })

  it("of a gray image have its pixels as grays, and of other channels their mean", () => {
    assert.deepStrictEqual(recoloured({ contrast: 1 }, [10, 30], words(middle, least, middle), 1), [20, 20])
    assert.deepStrictEqual(
      recoloured({ contrast: 1 }, [10, 30, 50, 70], words(middle, least, middle), 2),
      [40, 40, 40, 40],
    )
  })

  it("are written with the normalization of each channel", () => {
    const table = standardizedTable([
      { mean: 0, stddev: 1 },
      { mean: 0.5, stddev: 0.5 },
      { mean: 1, stddev: 2 },
    ])
    const out = new Float32Array(3)
    makeAugment(decode({ brightness: 1e-9 }), [1, 1, 3], table, 0)(
      0,
      Uint8Array.from([255, 255, 255]),
      out,
      0,
    )
    out.forEach((value, i) => assert.closeTo(value, [1, 1, 0][i], 1e-6))
  })
})

/** A 2×3 image of one channel: 1 2 3 / 4 5 6. */
const placed = (definition: (typeof Augmentation)["Encoded"], drawn: Uint32Array) => {
  const image = Float32Array.from([9, 1, 2, 3, 4, 5, 6, 9])
  makePlacement(decode(definition), [2, 3, 1], [0], () => drawn)?.(0, image, 1)
  assert.deepStrictEqual([image[0], image.at(-1)], [9, 9])
  return [...image.subarray(1, -1)]
}

describe("flip and crop", () => {
  it("mirror left to right, and move by whole pixels with black behind", () => {
    assert.deepStrictEqual(placed({ flip: 1 }, words(0, 0, 0)), [3, 2, 1, 6, 5, 4])
    assert.deepStrictEqual(placed({ flip: 0.5 }, words(2 ** 31, 0, 0)), [1, 2, 3, 4, 5, 6])
    const crop = { crop: { padding: 1 } }
    assert.deepStrictEqual(placed(crop, words(0, least, middle)), [0, 1, 2, 0, 4, 5])
    assert.deepStrictEqual(placed(crop, words(0, greatest, greatest)), [5, 6, 0, 0, 0, 0])
    assert.deepStrictEqual(placed({ flip: 1, ...crop }, words(0, greatest, middle)), [0, 3, 2, 0, 6, 5])
    assert.deepStrictEqual(placed({ crop: { padding: 3 } }, words(0, least, least)), [0, 0, 0, 0, 0, 0])
  })

  it("keep the channels of a pixel together, and fill with the black of each", () => {
    const image = Float32Array.from([1, 2, 3, 4, 5, 6])
    makePlacement(decode({ crop: { padding: 1 } }), [1, 2, 3], [-1, -2, -3], () =>
      words(0, greatest, middle),
    )?.(0, image, 0)
    assert.deepStrictEqual([...image], [4, 5, 6, -1, -2, -3])
  })

  it("reach every place equally often, and mirror the share that is said", () => {
    const augment = makeAugment(
      decode({ flip: 0.25, crop: { padding: 1 } }),
      [3, 3, 1],
      standardizedTable({ mean: 0, stddev: 1 }),
      7,
    )
    const counts = new Map<string, number>()
    const out = new Float32Array(9)
    const pixels = Uint8Array.from({ length: 9 }, (_, i) => 20 * (i + 1))
    for (let position = 0; position < 9000; position++) {
      augment(position, pixels, out, 0)
      const key = out.join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    assert.strictEqual(counts.size, 18)
    // 750 of each place that is not mirrored, 250 of the others.
    for (const number of counts.values())
      assert.isTrue((number > 170 && number < 330) || (number > 640 && number < 860), `${number}`)
  })
})

describe("augmentation of photographs", () => {
  const augmentation = decode({
    flip: 0.5,
    crop: { padding: 2 },
    brightness: 0.3,
    contrast: 0.3,
    saturation: 0.3,
    rotation: 10,
    erasing: { size: 2 },
  })
  const options = {
    dataset: numbered(10, [4, 4, 3]),
    indices: Uint32Array.from({ length: 10 }, (_, i) => i),
    table: standardizedTable([
      { mean: 0.4, stddev: 0.2 },
      { mean: 0.5, stddev: 0.3 },
      { mean: 0.6, stddev: 0.1 },
    ]),
    batchSize: 4,
    seed: 3,
    augmentation,
  }

  it.effect(
    "depends on seed and position alone: an iteration has the same bits whatever came before it",
    () =>
      Effect.gen(function* () {
        const size = 4 * 48
        const arrays = (iterations: number) => ({
          images: new Float32Array(iterations * size),
          labels: new Float32Array(iterations * 40),
        })
        const whole = yield* fillHere(options).fill(0, 6, arrays(6))
        const later = yield* fillHere(options).fill(4, 2, arrays(2))
        assert.deepStrictEqual(later.images, whole.images.slice(4 * size))
        const other = yield* fillHere({ ...options, seed: 4 }).fill(4, 2, arrays(2))
        assert.notDeepEqual(other.images, later.images)
      }),
  )

  it("gives values that were computed once, on every machine", () => {
    const out = new Float32Array(48)
    const pixels = Uint8Array.from({ length: 48 }, (_, i) => (i * 37) % 256)
    makeAugment(augmentation, [4, 4, 3], options.table, 3)(11, pixels, out, 0)
    const digest = createHash("sha256").update(new Uint8Array(out.buffer)).digest("hex")
    assert.strictEqual(digest.slice(0, 16), "2fb07f9f8cef4ddc")
  })
})
