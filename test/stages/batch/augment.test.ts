import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Augmentation } from "../../../schemas/experiment/Augmentation.ts"
import {
  type Affine,
  drawAffine,
  elasticFields,
  type Field,
  makeAugment,
  makeWarp,
} from "../../../stages/batch/augment.ts"
import { interpolation } from "../../../stages/batch/interpolation.ts"
import { randomKey, randomWords } from "../../../stages/random.ts"

const decode = Schema.decodeUnknownSync(Augmentation)
const table = Float32Array.from({ length: 256 }, (_, value) => value)
const shape = [5, 4, 1] as const
const pixels = Uint8Array.from({ length: 20 }, (_, i) => 10 + i)

const noDisplacement = (size: number): Field => ({ x: new Float32Array(size), y: new Float32Array(size) })
const identity: Affine = { xx: 1, xy: 0, yx: 0, yy: 1, x0: 0, y0: 0 }
type Method = "bilinear" | "bicubic"
/** Warps a source [height, width, channels], framed by zeros; 10 is the brightest value. */
const warpedBy =
  (method: Method, rows: ReadonlyArray<ReadonlyArray<number>>, channels = 1) =>
  (affine: Partial<Affine>, field?: Field) => {
    const [height, width] = [rows.length, rows[0].length / channels]
    const interpolated = interpolation(method, 0, 10)
    const stride = (width + 2 * interpolated.frame + 1) * channels
    const framed = new Float32Array((height + 2 * interpolated.frame + 1) * stride)
    rows.forEach((row, y) =>
      framed.set(row, (y + interpolated.frame) * stride + interpolated.frame * channels),
    )
    const out = new Float32Array(height * width * channels)
    const warp = makeWarp(interpolated, [height, width, channels])
    warp(framed, { ...identity, ...affine }, field ?? noDisplacement(height * width), out, 0)
    return [...out]
  }
const source = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
]
const warped = warpedBy("bilinear", source)

describe("warp", () => {
  it("changes nothing under the identity", () => {
    assert.deepStrictEqual(warped({}), [1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it("shifts the image, and the frame's value enters", () => {
    assert.deepStrictEqual(warped({ x0: 1 }), [2, 3, 0, 5, 6, 0, 8, 9, 0])
    assert.deepStrictEqual(warped({ y0: -1 }), [0, 0, 0, 1, 2, 3, 4, 5, 6])
    assert.deepStrictEqual(warped({ x0: 50, y0: -70 }), [0, 0, 0, 0, 0, 0, 0, 0, 0])
  })

  it("interpolates bilinearly between pixels, those of the frame included", () => {
    assert.deepStrictEqual(warped({ x0: 0.5, y0: 0.5 }), [3, 4, 2.25, 6, 7, 3.75, 3.75, 4.25, 2.25])
  })

  it("rotates by 90 degrees and doubles the size, about the middle", () => {
    assert.deepStrictEqual(warped({ xx: 0, xy: 1, yx: -1, yy: 0 }), [7, 4, 1, 8, 5, 2, 9, 6, 3])
    assert.deepStrictEqual(warped({ xx: 0.5, yy: 0.5 }), [3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7])
  })

  it("adds the displacement field", () => {
    const field = noDisplacement(9)
    field.x[0] = 2
    field.y[4] = -1
    assert.deepStrictEqual(warped({}, field), [3, 2, 3, 4, 2, 6, 7, 8, 9])
  })

  it("does not mix channels", () => {
    // Two pixels of two channels in a row: [1, 10], [2, 20].
    const row = [1, 4, 2, 8]
    assert.deepStrictEqual(warpedBy("bilinear", [row], 2)({ x0: 0.5 }), [1.5, 6, 1, 4])
    // Halfway, neighbours have the weight 9/16 and the pixels beyond them −1/16.
    assert.deepStrictEqual(warpedBy("bicubic", [row], 2)({ x0: 0.5 }), [1.6875, 6.75, 1.0625, 4.25])
  })
})

describe("bicubic warp", () => {
  const cubic = warpedBy("bicubic", source)

  it("copies pixels at whole positions, and is black outside the image", () => {
    assert.deepStrictEqual(cubic({}), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert.deepStrictEqual(cubic({ x0: 1 }), [2, 3, 0, 5, 6, 0, 8, 9, 0])
    assert.deepStrictEqual(cubic({ x0: 50, y0: -70 }), [0, 0, 0, 0, 0, 0, 0, 0, 0])
    assert.deepStrictEqual(cubic({ xx: 0, xy: 1, yx: -1, yy: 0 }), [7, 4, 1, 8, 5, 2, 9, 6, 3])
  })

  it("reproduces straight lines and parabolas exactly, away from the edge", () => {
    const parabola = Array.from({ length: 8 }, () => Array.from({ length: 8 }, (_, x) => (x * x) / 8))
    const moved = warpedBy("bicubic", parabola)({ x0: 0.25, y0: 0.375 })
    for (const y of [1, 2, 3, 4]) {
      for (const x of [1, 2, 3, 4]) assert.strictEqual(moved[y * 8 + x], (x + 0.25) ** 2 / 8)
    }
  })

  it("keeps a stroke sharper than bilinear does, and stays between black and the brightest value", () => {
    const stroke = Array.from({ length: 7 }, () => [0, 0, 10, 10, 10, 0, 0])
    const middle = (method: Method) => warpedBy(method, stroke)({ x0: 0.25 }).slice(21, 28)
    assert.deepStrictEqual(middle("bilinear"), [0, 2.5, 10, 10, 7.5, 0, 0])
    assert.deepStrictEqual(middle("bicubic"), [0, 2.03125, 10, 10, 7.96875, 0, 0])
  })
})

const augmented = (definition: (typeof Augmentation)["Encoded"], position: number, seed = 0) => {
  const out = new Float32Array(22).fill(-1)
  makeAugment(decode(definition), shape, table, seed)(position, pixels, out, 1)
  assert.deepStrictEqual([out[0], out[21]], [-1, -1])
  return [...out.subarray(1, 21)]
}
const every = {
  rotation: 20,
  scale: 0.2,
  shear: 0.3,
  shift: 1,
  elastic: { alpha: 8, sigma: 2 },
  erasing: { size: 2 },
}

describe("augmentation", () => {
  it("without any option leaves the image unchanged, to the bit", () => {
    for (const position of [0, 1, 999]) assert.deepStrictEqual(augmented({}, position), [...pixels])
  })

  it("differs between examples and seeds, and is reproducible", () => {
    const base = augmented(every, 7)
    assert.deepStrictEqual(augmented(every, 7), base)
    assert.notDeepEqual(augmented(every, 8), base)
    assert.notDeepEqual(augmented(every, 7, 1), base)
  })

  it.effect.prop(
    "depends on the position only, not on what was drawn before",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 45 })))],
    ([positions]) =>
      Effect.sync(() => {
        const one = makeAugment(decode(every), shape, table, 3)
        for (const position of positions) {
          const out = new Float32Array(22)
          one(position, pixels, out, 1)
          assert.deepStrictEqual([...out.subarray(1, 21)], augmented(every, position, 3))
        }
      }),
  )

  it("stays between black and the brightest pixel", () => {
    for (let position = 0; position < 200; position++) {
      for (const value of augmented(every, position)) assert.isTrue(value >= 0 && value <= 29.0001)
    }
  })

  it("leaves the share 1 - probability of the images unchanged, and varies the others as with probability 1", () => {
    const varied = { rotation: 20, shift: 2, elastic: { alpha: 8, sigma: 2 } }
    let alone = 0
    for (let position = 0; position < 2000; position++) {
      const image = augmented({ ...varied, probability: 0.75 }, position)
      if (image.every((value, i) => value === pixels[i])) alone++
      else assert.deepStrictEqual(image, augmented(varied, position))
    }
    // 500 ± 3.3 standard deviations.
    assert.isTrue(alone > 436 && alone < 564, `${alone}`)
    assert.deepStrictEqual(augmented({ ...varied, probability: 0 }, 5), [...pixels])
  })

  it("leaves an image that is not erased unchanged, and makes a square of the others black", () => {
    let erased = 0
    for (let position = 0; position < 400; position++) {
      const image = augmented({ erasing: { size: 3, probability: 0.25 } }, position)
      const black = image.flatMap((value, i) => (value === 0 ? [i] : []))
      assert.isTrue(image.every((value, i) => value === 0 || value === pixels[i]))
      if (black.length === 0) continue
      erased++
      const [xs, ys] = [black.map((i) => i % 4), black.map((i) => Math.floor(i / 4))]
      const [width, height] = [xs, ys].map((axis) => Math.max(...axis) - Math.min(...axis) + 1)
      // A whole rectangle: the square, or the part of it that lies in the image.
      assert.strictEqual(black.length, width * height)
      assert.isTrue(width <= 3 && height <= 3 && width >= 2 && height >= 2)
    }
    assert.closeTo(erased / 400, 0.25, 0.07)
  })
})

const moments = (values: ReadonlyArray<number>) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const stddev = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length)
  return { mean, stddev, smallest: Math.min(...values), largest: Math.max(...values) }
}

const count = 20_000
const words = (size: number) => {
  const drawn = new Uint32Array(size)
  randomWords(randomKey(5, "test"), 0, drawn)
  return drawn
}

describe("an affine draw", () => {
  const drawn = words(6 * count)
  const draws = Array.from({ length: count }, (_, i) =>
    drawAffine(decode({ rotation: 30, scale: 0.2, shear: 0.4, shift: 2 }), drawn.subarray(6 * i, 6 * i + 6)),
  )
  const uniform = (values: ReadonlyArray<number>, limit: number) => {
    const { largest, mean, smallest, stddev } = moments(values)
    assert.isAtMost(largest, limit + 1e-6)
    assert.isAtLeast(smallest, -limit - 1e-6)
    assert.closeTo(mean, 0, 0.03 * limit)
    assert.closeTo(stddev, limit / Math.sqrt(3), 0.02 * limit)
  }

  it("is uniform within its limits, each part independently", () => {
    uniform(
      draws.map(({ x0 }) => x0),
      2,
    )
    uniform(
      draws.map(({ y0 }) => y0),
      2,
    )
    uniform(
      draws.map(({ xx, yx }) => (Math.atan2(yx, xx) * 180) / Math.PI),
      30,
    )
    uniform(
      draws.map(({ xx, yx }) => 1 / Math.hypot(xx, yx) - 1),
      0.2,
    )
    // The determinant is the inverse product of both scales. Rotated back, what remains of the second column is shear.
    uniform(
      draws.map(({ xx, xy, yx, yy }) => Math.hypot(xx, yx) / (xx * yy - xy * yx) - 1),
      0.2,
    )
    uniform(
      draws.map(({ xx, xy, yx, yy }) => (xx * xy + yx * yy) / (xx * yy - xy * yx)),
      0.4,
    )
  })
})

describe("an elastic field", () => {
  const size = 28
  const alpha = 34
  const sigma = 4
  const { fill, words: each } = elasticFields({ alpha, sigma }, [size, size, 1])
  const fields = Array.from({ length: 300 }, (_, i) => {
    const field = noDisplacement(size * size)
    const drawn = new Uint32Array(each)
    randomWords(randomKey(5, "elastic"), i * each, drawn)
    fill(drawn, field)
    return field
  })
  const at = (x: number, y: number) =>
    fields.flatMap((field) => [field.x[y * size + x], field.y[y * size + x]])

  it("has a standard deviation of alpha / (2·sigma·√(3π)) pixels in the middle, and mean 0", () => {
    const values = [9, 14, 18].flatMap((x) => [9, 14, 18].flatMap((y) => at(x, y)))
    const { mean, stddev } = moments(values)
    assert.closeTo(stddev, alpha / (2 * sigma * Math.sqrt(3 * Math.PI)), 0.08)
    assert.closeTo(mean, 0, 0.1)
  })

  it("has the correlation exp(-d²/4σ²) of a blur of sigma pixels at a distance of d pixels", () => {
    const correlation = (distance: number) => {
      const pairs = [8, 11, 14].flatMap((y) => {
        const [near, far] = [at(10, y), at(10 + distance, y)]
        return near.map((value, i) => [value, far[i]])
      })
      const product = pairs.reduce((sum, [a, b]) => sum + a * b, 0)
      const square = (side: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[side] ** 2, 0)
      return product / Math.sqrt(square(0) * square(1))
    }
    for (const distance of [1, 4, 8]) {
      assert.closeTo(correlation(distance), Math.exp(-(distance ** 2) / (4 * sigma ** 2)), 0.06)
    }
  })

  it("is independent in x and y", () => {
    const pairs = fields.map(({ x, y }) => [x[400], y[400]])
    const product = pairs.reduce((sum, [a, b]) => sum + a * b, 0) / pairs.length
    assert.closeTo(product, 0, 0.35)
  })
})
