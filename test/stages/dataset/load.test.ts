import { readFile, rm, writeFile } from "node:fs/promises"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Runtime } from "effect"
import { encodeIdx } from "../../../stages/dataset/idx.ts"
import { loadDataset } from "../../../stages/dataset/load.ts"
import { type Changes, columns, images, inMemory, labels, writeDataset } from "./writeDataset.ts"

const load = (...args: Parameters<typeof writeDataset>) =>
  writeDataset(...args).pipe(Effect.flatMap(loadDataset), Effect.scoped, Effect.provide(NodeServices.layer))

describe("loadDataset", () => {
  it.effect("loads the train set before the test set", () =>
    Effect.gen(function* () {
      const data = yield* load()
      assert.deepStrictEqual([data.trainExamples, data.testExamples], [4, 2])
      assert.deepStrictEqual([...inMemory(data).subarray(0, 3)], [0, 7, 14])
      assert.deepStrictEqual([...inMemory(data).subarray(24, 27)], [200, 201, 202])
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
      assert.strictEqual(inMemory(data).length, 6 * 18)
    }),
  )

  it.effect("transposes images that are stored column by column", () =>
    Effect.gen(function* () {
      const stored = { trainImages: images(4, (i) => i, [3, 2]), testImages: images(2, (i) => i, [3, 2]) }
      const data = yield* load(stored, { layout: { transposed: true } })
      // Stored as the columns (0, 1), (2, 3), (4, 5).
      assert.deepStrictEqual([...inMemory(data).subarray(0, 6)], [0, 2, 4, 1, 3, 5])
      assert.deepStrictEqual([...inMemory(data).subarray(24, 30)], [0, 2, 4, 1, 3, 5])
    }),
  )

  it.effect("counts classes from 0 if labels start at 1", () =>
    Effect.gen(function* () {
      const stored = { trainLabels: labels(1, 2, 3, 1), testLabels: labels(3, 2) }
      const data = yield* load(stored, { layout: { firstLabel: 1 } })
      assert.deepStrictEqual([...data.labels], [0, 1, 2, 0, 2, 1])
    }),
  )

  it.effect("uses the first column of a label", () =>
    Effect.gen(function* () {
      const stored = { trainLabels: columns(0, 1, 2, 0), testLabels: columns(2, 1) }
      const data = yield* load(stored, { layout: { labelColumns: 8 } })
      assert.deepStrictEqual([...data.labels], [0, 1, 2, 0, 2, 1])
    }),
  )

  const faults: ReadonlyArray<readonly [string, Changes, string, string, string]> = [
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
      "a label above the classes",
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
      // The message names the source, not the file in the cache.
      assert.match(error.message, new RegExp(`^/mine/${Object.keys(changes).join()} `))
      assert.strictEqual(error[Runtime.errorExitCode], 65)
    }),
  )

  it.effect("refuses a file that changed after it was fetched", () =>
    Effect.gen(function* () {
      const fetched = yield* writeDataset()
      yield* Effect.promise(async () => {
        const { path } = fetched.files.testImages
        const bytes = await readFile(path)
        bytes[20] ^= 1
        await writeFile(path, bytes)
      })
      const error = yield* Effect.flip(loadDataset(fetched))
      assert.strictEqual(error._tag, "ChecksumMismatch")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )

  it.effect("names the missing file", () =>
    Effect.gen(function* () {
      const fetched = yield* writeDataset()
      yield* Effect.promise(() => rm(fetched.files.trainLabels.path))
      const error = yield* Effect.flip(loadDataset(fetched))
      assert.strictEqual(error._tag, "StorageFailed")
      assert.include(error.message, fetched.files.trainLabels.path)
      assert.strictEqual(error[Runtime.errorExitCode], 66)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
  )
})
