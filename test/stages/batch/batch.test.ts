import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schema, Stream } from "effect"
import { batches, type BatchChunk, fillHere } from "../../../stages/batch/batch.ts"
import { batchFiller, type BatchOptions } from "../../../stages/batch/fillBatch.ts"
import { examplesOf, options } from "./numbered.ts"

/** A copy of a chunk, because its arrays are used again. */
const kept = (chunk: BatchChunk) => ({ ...chunk, images: chunk.images.slice(), labels: chunk.labels.slice() })

const collect = (of: BatchOptions, { chunk, from, until }: { from: number; until: number; chunk: number }) =>
  batches(fillHere(of), { from, until, chunk: () => chunk }).pipe(Stream.map(kept), Stream.runCollect)

describe("batches", () => {
  it.effect("of bytes hold the same examples, as they are stored", () =>
    Effect.gen(function* () {
      const of = options(50, 4)
      const range = { from: 3, until: 12, chunk: 4 }
      const floats = yield* collect(of, range)
      const bytes = yield* collect({ ...of, asBytes: true }, range)
      for (const { images } of bytes) assert.instanceOf(images, Uint8Array)
      assert.deepStrictEqual(
        bytes.map((chunk) => examplesOf(chunk)),
        floats.map((chunk) => examplesOf(chunk)),
      )
    }),
  )

  it.effect("run across the end of an epoch, and every epoch holds each example once", () =>
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
    "are the same whichever iteration they start from and however many are stacked",
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
    "drop and repeat no example: whole epochs hold every example equally often",
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
    "are augmented in the same way whichever iteration they start from and however many are stacked",
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
        // Another epoch augments an example differently.
        assert.notDeepEqual(whole.slice(0, 11 * 6).sort(), whole.slice(11 * 6, 22 * 6).sort())
      }),
  )

  it.effect("reach an iteration of the trillionth epoch directly", () =>
    Effect.gen(function* () {
      const far = 10 ** 12
      const [chunk] = yield* collect(options(10, 10), { from: far, until: far + 1, chunk: 1 })
      assert.deepStrictEqual(examplesOf(chunk).sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }),
  )

  it.effect("hold only examples of their split", () =>
    Effect.gen(function* () {
      const of = { ...options(20, 5), indices: Uint32Array.from([3, 5, 19]) }
      const chunks = yield* collect(of, { from: 0, until: 3, chunk: 3 })
      assert.deepStrictEqual(
        examplesOf(chunks[0]).sort((a, b) => a - b),
        [3, 3, 3, 3, 3, 5, 5, 5, 5, 5, 19, 19, 19, 19, 19],
      )
    }),
  )

  it.effect("of an empty range are no chunks", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* collect(options(5, 2), { from: 4, until: 4, chunk: 10 }), [])
    }),
  )

  it.effect("do not change a chunk before the next one is pulled", () =>
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

  it.effect("alternate between two sets of arrays", () =>
    Effect.gen(function* () {
      const buffers: Array<ArrayBufferLike> = []
      yield* batches(fillHere(options(50, 5)), { from: 0, until: 5, chunk: () => 1 }).pipe(
        Stream.runForEach((chunk) => Effect.sync(() => buffers.push(chunk.images.buffer))),
      )
      assert.strictEqual(new Set(buffers).size, 2)
    }),
  )

  it.effect("stack no more than 32 MiB of large images, and at least one batch", () =>
    Effect.gen(function* () {
      const stacked = (images: number, areBytes = false) =>
        batches(
          { sizes: { images, labels: 0, areBytes }, fill: (_, __, arrays) => Effect.succeed(arrays) },
          { from: 0, until: 20, chunk: () => 100 },
        ).pipe(
          Stream.map(({ iteration, iterations }) => [iteration, iterations]),
          Stream.runCollect,
        )
      const mebibyte = 2 ** 20 / 4
      assert.deepStrictEqual(yield* stacked(4 * mebibyte), [
        [0, 8],
        [8, 8],
        [16, 4],
      ])
      assert.deepStrictEqual((yield* stacked(40 * mebibyte)).slice(0, 2), [
        [0, 1],
        [1, 1],
      ])
      assert.deepStrictEqual(yield* stacked(8 * mebibyte, true), [
        [0, 16],
        [16, 4],
      ])
    }),
  )

  it.effect("are the same when the size of the chunks changes", () =>
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

  it.effect("fill the next chunk while the previous one is used", () =>
    Effect.gen(function* () {
      const of = options(50, 5)
      const started = yield* Deferred.make<void>()
      const proceed = yield* Deferred.make<void>()
      const seen: Array<BatchChunk> = []
      const fiber = yield* batches(fillHere(of), { from: 0, until: 3, chunk: () => 1 }).pipe(
        Stream.runForEach((chunk) =>
          Effect.gen(function* () {
            seen.push(chunk)
            if (seen.length !== 2) return
            yield* Deferred.succeed(started, undefined)
            yield* Deferred.await(proceed)
          }),
        ),
        Effect.forkChild,
      )
      yield* Deferred.await(started)
      // The second chunk is in use: the arrays of the first already hold the third iteration.
      for (let turn = 0; turn < 10; turn++) yield* Effect.yieldNow
      const expected = new Float32Array(5 * 6)
      batchFiller(of)(2, expected, new Float32Array(5 * 10), 0)
      assert.deepStrictEqual(seen[0].images.slice(), expected)
      yield* Deferred.succeed(proceed, undefined)
      yield* Fiber.join(fiber)
    }),
  )
})
