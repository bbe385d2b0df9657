import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import sharp, { type Sharp } from "sharp"
import type { LoadedDataset } from "../../../stages/dataset/load.ts"
import { describeNearDuplicates, findNearDuplicates } from "../../../stages/validate/nearDuplicates.ts"

const size = 48
/** A made-up photograph: twelve discs of any gray before a background. */
const photograph = (seed: number) => {
  const gray = (i: number) => (((seed * 7919 + i * 104_729) * 2_654_435_761) % 2 ** 32) / 2 ** 24
  const discs = Array.from({ length: 12 }, (_, k) => ({
    x: (gray(4 * k) / 256) * size,
    y: (gray(4 * k + 1) / 256) * size,
    radius: 4 + gray(4 * k + 2) / 24,
    value: gray(4 * k + 3),
  }))
  return Uint8Array.from({ length: size * size }, (_, i) => {
    const [column, row] = [i % size, Math.floor(i / size)]
    const disc = discs.findLast(({ radius, x, y }) => (column - x) ** 2 + (row - y) ** 2 < radius ** 2)
    return Math.round(disc?.value ?? 60 + column + (row * (seed % 3)) / 2)
  })
}

const datasetOf = (images: ReadonlyArray<Uint8Array>): LoadedDataset => ({
  name: "photographs",
  classes: 2,
  imageShape: [size, size, 1],
  images: new Uint8Array(Buffer.concat(images)),
  labels: new Int32Array(images.length),
  trainExamples: images.length,
  testExamples: 0,
})

const splitOf = (train: number, validation: number, test: number) => ({
  train: Uint32Array.from({ length: train }, (_, i) => i),
  validation: Uint32Array.from({ length: validation }, (_, i) => train + i),
  test: Uint32Array.from({ length: test }, (_, i) => train + validation + i),
})

const others = Array.from({ length: 60 }, (_, i) => photograph(i + 1))

describe("near duplicates", () => {
  const raw = { width: size, height: size, channels: 1 } as const
  const gray = async (image: Sharp) => {
    const { data } = await image.toColourspace("b-w").raw().toBuffer({ resolveWithObject: true })
    return Uint8Array.from(data)
  }
  const original = others[7]
  const brightened = original.map((pixel) => Math.min(255, pixel + 12))

  it("are none of images of one gray, and the search ends in time if almost all images are alike", async () => {
    const shape = [size, size, 3] as const
    const plain = [10, 77, 200].map((value) => new Uint8Array(size * size * 3).fill(value))
    const coloured = { ...datasetOf(plain), imageShape: shape }
    const none = await Effect.runPromise(findNearDuplicates(coloured, splitOf(1, 1, 1)))
    assert.strictEqual(none.count, 0)
    const film = Array.from({ length: 2400 }, (_, at) => {
      const frame = Uint8Array.from(original)
      frame[at % frame.length] ^= 1 + (at >> 11)
      return frame
    })
    const found = await Effect.runPromise(findNearDuplicates(datasetOf(film), splitOf(1200, 0, 1200)))
    assert.isFalse(found.isComplete)
    assert.isAbove(found.count, 100_000)
  })

  it("are a photograph that was compressed, scaled or brightened, and no two different ones", async () => {
    const compressed = await gray(sharp(await sharp(original, { raw }).jpeg({ quality: 75 }).toBuffer()))
    const scaled = await gray(
      sharp(await sharp(original, { raw }).resize(40, 40).png().toBuffer()).resize(size, size),
    )
    const data = datasetOf([...others, compressed, scaled, brightened])
    const found = await Effect.runPromise(findNearDuplicates(data, splitOf(60, 1, 2)))
    assert.isTrue(found.isComplete)
    assert.deepStrictEqual(
      found.pairs.map(({ first, second }) => [first, second]).toSorted(([a, b], [c, d]) => a - c || b - d),
      [
        [7, 60],
        [7, 61],
        [7, 62],
        [60, 61],
        [60, 62],
      ],
    )
    for (const { correlation } of found.pairs) assert.isAtLeast(correlation, 0.98)
    assert.deepStrictEqual(
      found.pairs.map(({ correlation }) => correlation),
      found.pairs.map(({ correlation }) => correlation).toSorted((a, b) => b - a),
    )
  })

  it.effect("are not equal images, images of one gray, or images of one split", () =>
    Effect.gen(function* () {
      const flat = new Uint8Array(size * size).fill(9)
      const data = datasetOf([original, brightened, flat, original, flat.map(() => 10)])
      const found = yield* findNearDuplicates(data, splitOf(3, 0, 2))
      // The brightened copy and the original of the test split.
      assert.deepStrictEqual(
        found.pairs.map(({ first, second }) => [first, second]),
        [[1, 3]],
      )
    }),
  )

  it.effect("are recorded with the names and splits of both, the most similar first", () =>
    Effect.gen(function* () {
      const data = datasetOf([original, others[2], brightened])
      const split = splitOf(2, 0, 1)
      const found = yield* findNearDuplicates(data, split)
      const named = describeNearDuplicates(found, split, new Map(["a.png", "b.png", "c.png"].entries()))
      assert.deepStrictEqual([named.pairs, named.isComplete], [1, true])
      const [pair] = named.examples
      assert.deepStrictEqual([pair.first, pair.second], [0, 2])
      assert.deepStrictEqual([pair.firstName, pair.secondName], ["a.png (train)", "c.png (test)"])
      assert.strictEqual(
        describeNearDuplicates(found, split, undefined).examples[0].firstName,
        "example 0 (train)",
      )
    }),
  )
})
