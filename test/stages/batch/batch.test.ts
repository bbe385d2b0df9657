import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema, Stream } from "effect"
import { batches, type BatchChunk, fillHere } from "../../../stages/batch/batch.ts"
import { batchFiller, evaluationImages } from "../../../stages/batch/fillBatch.ts"
import type { ResidentDataset } from "../../../stages/dataset/load.ts"
import { pixelTable } from "../../../stages/dataset/normalize.ts"

/** Example i has every pixel at i and the label i mod 10, so that a batch tells which examples it holds. */
const numbered = (
  examples: number,
  imageShape: ResidentDataset["imageShape"] = [2, 3, 1],
): ResidentDataset => {
  const pixels = imageShape[0] * imageShape[1] * imageShape[2]
  return {
    name: "numbered",
    classes: 10,
    imageShape,
    images: Uint8Array.from({ length: examples * pixels }, (_, i) => Math.floor(i / pixels)),
    labels: Int32Array.from({ length: examples }, (_, i) => i % 10),
    trainExamples: examples,
    testExamples: 0,
  }
}

const raw = Float32Array.from({ length: 256 }, (_, value) => value)

const options = (examples: number, batchSize: number, seed = 0) => ({
  dataset: numbered(examples),
  indices: Uint32Array.from({ length: examples }, (_, i) => i),
  table: raw,
  batchSize,
  seed,
})

/** The examples of a stack of batches, by their first pixel; checks that image and label belong together. */
const examplesOf = ({ images, labels }: Pick<BatchChunk, "images" | "labels">, pixels = 6): Array<number> =>
  Array.from({ length: images.length / pixels }, (_, row) => {
    const example = images[row * pixels]
    assert.isTrue(images.subarray(row * pixels, (row + 1) * pixels).every((pixel) => pixel === example))
    const oneHot = labels.subarray(row * 10, (row + 1) * 10)
    assert.deepStrictEqual(
      [...oneHot],
      Array.from({ length: 10 }, (_, c) => (c === example % 10 ? 1 : 0)),
    )
    return example
  })

/** A chunk's arrays are used again: keep what they hold. */
const kept = (chunk: BatchChunk) => ({ ...chunk, images: chunk.images.slice(), labels: chunk.labels.slice() })

const collect = (
  of: ReturnType<typeof options>,
  { chunk, from, until }: { from: number; until: number; chunk: number },
) => batches(fillHere(of), { from, until, chunk: () => chunk }).pipe(Stream.map(kept), Stream.runCollect)

describe("batches", () => {
  it.effect("run on across epochs: every epoch holds each example once, though no epoch ends a batch", () =>
    Effect.gen(function* () {
      const chunks = yield* collect(options(7, 3), { from: 0, until: 7, chunk: 2 })
      const drawn = chunks.flatMap((chunk) => examplesOf(chunk))
      for (const epoch of [0, 1, 2]) {
        assert.deepStrictEqual(drawn.slice(epoch * 7, epoch * 7 + 7).sort(), [0, 1, 2, 3, 4, 5, 6])
      }
      assert.deepStrictEqual(
        chunks.map(({ iteration, iterations }) => [iteration, iterations]),
        [
          [0, 2],
          [2, 2],
          [4, 2],
          [6, 1],
        ],
      )
    }),
  )

  it.effect.prop(
    "are the same from wherever they start and however they are stacked",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
      Schema.Int,
    ],
    ([examples, batchSize, from, chunk, seed]) =>
      Effect.gen(function* () {
        const of = options(examples, batchSize, seed)
        const whole = yield* collect(of, { from: 0, until: 15, chunk: 15 })
        const part = yield* collect(of, { from, until: 15, chunk })
        assert.deepStrictEqual(
          part.flatMap((piece) => examplesOf(piece)),
          whole.flatMap((piece) => examplesOf(piece)).slice(from * batchSize),
        )
      }),
  )

  it.effect.prop(
    "drop and repeat nothing: whole epochs hold every example equally often",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 })),
      Schema.Int,
    ],
    ([examples, batchSize, seed]) =>
      Effect.gen(function* () {
        // `examples` iterations are exactly `batchSize` epochs.
        const chunks = yield* collect(options(examples, batchSize, seed), {
          from: 0,
          until: examples,
          chunk: 4,
        })
        const counts = Array.from({ length: examples }, () => 0)
        for (const example of chunks.flatMap((chunk) => examplesOf(chunk))) counts[example]++
        assert.isTrue(counts.every((count) => count === batchSize))
      }),
  )

  it.effect.prop(
    "are augmented the same from wherever they start and however they are stacked",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 12 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 })),
      Schema.Int,
    ],
    ([from, chunk, seed]) =>
      Effect.gen(function* () {
        const augmentation = {
          rotation: 30,
          scale: 0.1,
          shear: 0.1,
          shift: 1,
          elastic: { alpha: 5, sigma: 2 },
        }
        const of = { ...options(11, 4, seed), augmentation }
        const pixels = (chunks: ReadonlyArray<BatchChunk>) => chunks.flatMap(({ images }) => [...images])
        const whole = pixels(yield* collect(of, { from: 0, until: 15, chunk: 15 }))
        const part = pixels(yield* collect(of, { from, until: 15, chunk }))
        assert.deepStrictEqual(part, whole.slice(from * 4 * 6))
        // Two epochs draw an example anew.
        assert.notDeepEqual(whole.slice(0, 11 * 6).sort(), whole.slice(11 * 6, 22 * 6).sort())
      }),
  )

  it.effect("reach an iteration of the trillionth epoch at once", () =>
    Effect.gen(function* () {
      const far = 10 ** 12
      const [chunk] = yield* collect(options(10, 10), { from: far, until: far + 1, chunk: 1 })
      assert.deepStrictEqual(examplesOf(chunk).sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }),
  )

  it.effect("only draw the examples of their split", () =>
    Effect.gen(function* () {
      const of = { ...options(20, 5), indices: Uint32Array.from([3, 5, 19]) }
      const chunks = yield* collect(of, { from: 0, until: 3, chunk: 3 })
      assert.deepStrictEqual(
        examplesOf(chunks[0]).sort((a, b) => a - b),
        [3, 3, 3, 3, 3, 5, 5, 5, 5, 5, 19, 19, 19, 19, 19],
      )
    }),
  )

  it.effect("of no iterations are no chunks", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* collect(options(5, 2), { from: 4, until: 4, chunk: 10 }), [])
    }),
  )

  it.effect("leave a chunk alone until the next is asked for, however long that takes", () =>
    Effect.gen(function* () {
      let chunks = 0
      yield* batches(fillHere(options(50, 5)), { from: 0, until: 12, chunk: () => 2 }).pipe(
        Stream.runForEach((chunk) =>
          Effect.gen(function* () {
            const before = kept(chunk)
            for (let turn = 0; turn < 20; turn++) yield* Effect.yieldNow
            assert.deepStrictEqual(kept(chunk), before)
            chunks++
          }),
        ),
      )
      assert.strictEqual(chunks, 6)
    }),
  )

  it.effect("use two sets of arrays in turn", () =>
    Effect.gen(function* () {
      const buffers: Array<ArrayBufferLike> = []
      yield* batches(fillHere(options(50, 5)), { from: 0, until: 5, chunk: () => 1 }).pipe(
        Stream.runForEach((chunk) => Effect.sync(() => buffers.push(chunk.images.buffer))),
      )
      assert.strictEqual(new Set(buffers).size, 2)
    }),
  )

  it.effect("are the same however the size of a chunk changes on the way", () =>
    Effect.gen(function* () {
      const of = options(50, 5)
      const sizes = [1, 1, 4, 2, 100]
      const chunks = yield* batches(fillHere(of), {
        from: 3,
        until: 15,
        chunk: () => sizes.shift() ?? 1,
      }).pipe(Stream.map(kept), Stream.runCollect)
      assert.deepStrictEqual(
        chunks.map(({ iteration, iterations }) => [iteration, iterations]),
        [
          [3, 1],
          [4, 1],
          [5, 4],
          [9, 2],
          [11, 4],
        ],
      )
      const whole = yield* collect(of, { from: 3, until: 15, chunk: 12 })
      assert.deepStrictEqual(
        chunks.flatMap((chunk) => examplesOf(chunk)),
        examplesOf(whole[0]),
      )
    }),
  )

  it.effect("fill the next chunk while the one before it is worked on", () =>
    Effect.gen(function* () {
      const of = options(50, 5)
      const started = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      const seen: Array<BatchChunk> = []
      const fiber = yield* batches(fillHere(of), { from: 0, until: 3, chunk: () => 1 }).pipe(
        Stream.runForEach((chunk) =>
          Effect.gen(function* () {
            seen.push(chunk)
            if (seen.length !== 2) return
            yield* Deferred.succeed(started, undefined)
            yield* Deferred.await(goOn)
          }),
        ),
        Effect.forkChild,
      )
      yield* Deferred.await(started)
      // The second chunk is being worked on: the arrays of the first already hold the third iteration.
      for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
      const expected = new Float32Array(5 * 6)
      batchFiller(of)(2, expected, new Float32Array(5 * 10), 0)
      assert.deepStrictEqual(seen[0].images.slice(), expected)
      yield* Deferred.succeed(goOn, undefined)
      yield* Fiber.join(fiber)
    }),
  )
})

const isUntouched = (values: Float32Array) => values.every((value) => value === -1)

const batch = (fill: ReturnType<typeof batchFiller>, iteration: number) => {
  const images = new Float32Array(4 * 6)
  fill(iteration, images, new Float32Array(4 * 10), 0)
  return [...images]
}

describe("batchFiller", () => {
  it("writes only its slot of the stack, and clears old labels there", () => {
    const fill = batchFiller(options(50, 2))
    const images = new Float32Array(3 * 2 * 6).fill(-1)
    const labels = new Float32Array(3 * 2 * 10).fill(-1)
    fill(4, images, labels, 1)
    assert.isTrue(isUntouched(images.subarray(0, 12)) && isUntouched(images.subarray(24)))
    assert.isTrue(isUntouched(labels.subarray(0, 20)) && isUntouched(labels.subarray(40)))
    examplesOf({ images: images.subarray(12, 24), labels: labels.subarray(20, 40) })
  })

  it("gives an iteration the same batch in any order of asking", () => {
    const of = options(9, 4)
    const once = batchFiller(of)
    const forwards = [0, 1, 2, 3, 4, 5].map((iteration) => batch(once, iteration))
    const backwards = [5, 4, 3, 2, 1, 0].map((iteration) => batch(once, iteration)).toReversed()
    assert.deepStrictEqual(forwards, backwards)
    assert.deepStrictEqual(batch(batchFiller(of), 3), forwards[3])
  })
})

describe("evaluationImages", () => {
  it("gives a split in its own order, in pieces that fit together", () => {
    const images = evaluationImages({
      dataset: numbered(20),
      indices: Uint32Array.from([7, 2, 19]),
      table: raw,
    })
    assert.deepStrictEqual(
      [...images(0, 3)].filter((_, i) => i % 6 === 0),
      [7, 2, 19],
    )
    assert.deepStrictEqual([...images(0, 1), ...images(1, 3)], [...images(0, 3)])
    assert.strictEqual(images(3, 3).length, 0)
  })
})

describe("pixelTable", () => {
  const dataset: ResidentDataset = {
    ...numbered(3, [1, 2, 1]),
    images: Uint8Array.from([0, 0, 255, 255, 7, 9]),
  }

  it.effect("of unit is pixel / 255 in float32", () =>
    Effect.gen(function* () {
      const table = yield* pixelTable("unit", dataset, Uint32Array.from([0, 1]))
      assert.deepStrictEqual([table[0], table[255], table[51]], [0, 1, Math.fround(0.2)])
    }),
  )

  it.effect(
    "of standardized has mean 0 and standard deviation 1 over the train split, and over it alone",
    () =>
      Effect.gen(function* () {
        const table = yield* pixelTable("standardized", dataset, Uint32Array.from([0, 1]))
        // The first two images are half black and half white: mean 1/2, standard deviation 1/2.
        assert.deepStrictEqual([table[0], table[255]], [-1, 1])
        const other = yield* pixelTable("standardized", dataset, Uint32Array.from([2]))
        assert.closeTo(other[8], 0, 1e-6)
        assert.closeTo(other[9], 1, 1e-6)
      }),
  )
})
