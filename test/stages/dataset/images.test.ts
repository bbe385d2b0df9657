/** Images in files are read to the bytes of those in memory, by every part of a run. */
import { ftruncateSync, openSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { fillHere } from "../../../stages/batch/batch.ts"
import { fillInWorker } from "../../../stages/batch/batchThread.ts"
import { evaluationImages } from "../../../stages/batch/fillBatch.ts"
import { readExamples } from "../../../stages/dataset/examples.ts"
import {
  ImageMemory,
  imageMemoryBytes,
  imageMemoryVariable,
  imageReader,
  isStored,
  withImageReads,
} from "../../../stages/dataset/images.ts"
import { loadDataset } from "../../../stages/dataset/load.ts"
import { unitValues } from "../../../engines/bytes.ts"
import { preprocessDataset } from "../../../stages/dataset/preprocess.ts"
import { sampleImages } from "../../../stages/dataset/sampleImages.ts"
import { splitDataset } from "../../../stages/dataset/split.ts"
import { findNearDuplicates } from "../../../stages/validate/nearDuplicates.ts"
import { findEqualImages, hashImages } from "../../../stages/validate/equalImages.ts"
import { validateDataset } from "../../../stages/validate/validate.ts"
import { readsOfFiles } from "../../fixtures/readsOfFiles.ts"
import { images, inMemory, labels, writeDataset } from "./writeDataset.ts"

const examples = { train: 40, test: 9 }
const write = writeDataset(
  {
    trainImages: images(examples.train, (i) => (i * i * 31 + i) % 251, [8, 6]),
    trainLabels: labels(...Array.from({ length: examples.train }, (_, i) => i % 3)),
    testImages: images(examples.test, (i) => (i * i * 17 + 5) % 247, [8, 6]),
    testLabels: labels(...Array.from({ length: examples.test }, (_, i) => i % 3)),
  },
  { imageShape: [8, 6, 1] },
)

/** The same dataset in memory and in its files. */
const both = Effect.gen(function* () {
  const fetched = yield* write
  const memory = yield* loadDataset(fetched)
  const stored = yield* loadDataset(fetched).pipe(Effect.provideService(ImageMemory, 0))
  assert.isTrue(isStored(stored.images))
  return { fetched, memory, stored }
})

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices | Scope.Scope>) =>
  Effect.scoped(effect).pipe(Effect.provide(NodeServices.layer))

describe("images in files", () => {
  it.effect("are those in memory, one by one, in ranges across both files, and after one another", () =>
    run(
      Effect.gen(function* () {
        const { memory, stored } = yield* both
        const [read, expected] = [imageReader(stored), imageReader(memory)]
        const count = memory.labels.length
        assert.deepStrictEqual([...read(0, count)], [...inMemory(memory)])
        for (const index of [0, 39, 40, 48, 7]) assert.deepStrictEqual([...read(index)], [...expected(index)])
        assert.deepStrictEqual([...read(38, 42)], [...expected(38, 42)])
        assert.deepStrictEqual([...read(5, 5)], [])
      }),
    ),
  )

  it.effect("have the same figures, hashes, splits, near duplicates and pictures", () =>
    run(
      Effect.gen(function* () {
        const { fetched, memory, stored } = yield* both
        const of = Effect.fnUntraced(function* (data: typeof memory) {
          const split = yield* splitDataset(
            { kind: "hashed", by: "content", test: 0.2, validation: 0.2, seed: 3 },
            data,
          )
          return {
            figures: yield* validateDataset(data, {}, yield* findEqualImages(data)),
            hashes: yield* hashImages(data),
            split,
            alike: yield* findNearDuplicates(data, split),
            samples: yield* sampleImages(data, split.train),
          }
        })
        assert.deepStrictEqual(yield* of(stored), yield* of(memory))
        const some = [3, 39, 40, 48]
        const fromFiles = yield* readExamples(fetched, examples.train, some).pipe(
          Effect.provideService(ImageMemory, 0),
        )
        assert.deepStrictEqual(fromFiles, yield* readExamples(fetched, examples.train, some))
      }),
    ),
  )

  it.effect("fill the same batches and evaluation images, in a thread too", () =>
    run(
      Effect.gen(function* () {
        const { memory, stored } = yield* both
        const indices = Uint32Array.from({ length: examples.train }, (_, i) => i)
        const options = { indices, table: unitValues, batchSize: 16, seed: 5 }
        const augmentation = { rotation: 20, scale: 0, shear: 0, shift: 1 }
        const filled = Effect.fnUntraced(function* (dataset: typeof memory, isInThread: boolean) {
          const all = { ...options, dataset, augmentation: isInThread ? augmentation : undefined }
          const filler = isInThread ? yield* fillInWorker(all) : fillHere(all)
          const arrays = {
            images: new Float32Array(5 * filler.sizes.images),
            labels: new Float32Array(5 * filler.sizes.labels),
          }
          return yield* filler.fill(7, 5, arrays)
        })
        assert.deepStrictEqual(yield* filled(stored, false), yield* filled(memory, false))
        assert.deepStrictEqual(yield* filled(stored, true), yield* filled(memory, true))
        assert.deepStrictEqual(
          evaluationImages({ ...options, dataset: stored })(3, 20),
          evaluationImages({ ...options, dataset: memory })(3, 20),
        )
      }),
    ),
  )

  it.effect("that own code has changed are in another file, and those of the dataset stay", () =>
    run(
      Effect.gen(function* () {
        const { memory, stored } = yield* both
        const invert = (pixels: Uint8Array) =>
          Effect.sync(() => pixels.forEach((pixel, i) => (pixels[i] = 255 - pixel)))
        const changed = yield* preprocessDataset(invert, stored)
        assert.isTrue(isStored(changed.images))
        const all = imageReader(changed)(0, memory.labels.length)
        assert.deepStrictEqual([...all], [...inMemory(yield* preprocessDataset(invert, memory))])
        assert.deepStrictEqual([...imageReader(stored)(0)], [...imageReader(memory)(0)])
      }),
    ),
  )

  it.effect("are those above the limit in the environment variable, which is a number of megabytes", () =>
    Effect.gen(function* () {
      const limitOf = (text: string | undefined) =>
        Effect.suspend(() => {
          if (text === undefined) delete process.env[imageMemoryVariable]
          else process.env[imageMemoryVariable] = text
          return imageMemoryBytes
        })
      for (const [text, bytes] of [
        [undefined, 512e6],
        ["", 512e6],
        ["0", 0],
        ["0.1", 1e5],
        [" 4000 ", 4e9],
      ] as const) {
        assert.strictEqual(yield* limitOf(text), bytes)
      }
      for (const text of ["4GB", "unlimited", "-1", "1e3", "4,000"]) {
        const { message } = yield* Effect.flip(limitOf(text))
        assert.strictEqual(
          message,
          `cannot read the environment variable ${imageMemoryVariable}: found "${text}", expected a number of megabytes; set it to 4000 for 4 GB`,
        )
      }
    }).pipe(Effect.ensuring(Effect.sync(() => delete process.env[imageMemoryVariable]))),
  )

  it.effect("whose read fails, whichever it is, fail with their path, not as a bug", () =>
    run(
      Effect.gen(function* () {
        const load = Effect.provideService(loadDataset(yield* write), ImageMemory, 0)
        const { files } = yield* readsOfFiles(Effect.scoped(load))
        assert.isAbove(files.length, 3)
        for (let failAt = 1; failAt <= files.length; failAt++) {
          const { exit } = yield* readsOfFiles(Effect.scoped(load), failAt)
          assert.strictEqual((yield* Effect.flip(exit))._tag, "StorageFailed")
        }
      }),
    ),
  )

  it.effect("that another program has made shorter fail with their path, not as a bug", () =>
    run(
      Effect.gen(function* () {
        const { fetched, stored } = yield* both
        ftruncateSync(openSync(fetched.files.trainImages.path, "r+"), 100)
        const error = yield* Effect.flip(withImageReads(hashImages(stored)))
        assert.strictEqual(error._tag, "StorageFailed")
        const indices = Uint32Array.from({ length: examples.train }, (_, i) => i)
        const filler = yield* fillInWorker({
          dataset: stored,
          indices,
          table: unitValues,
          batchSize: 20,
          seed: 1,
        })
        const arrays = {
          images: new Float32Array(filler.sizes.images),
          labels: new Float32Array(filler.sizes.labels),
        }
        assert.strictEqual((yield* Effect.flip(filler.fill(0, 1, arrays)))._tag, "StorageFailed")
        assert.include(error.message, `cannot read ${fetched.files.trainImages.path}: it ends at byte 100`)
      }),
    ),
  )
})
