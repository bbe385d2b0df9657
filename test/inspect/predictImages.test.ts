/** Predictions are a stream: memory does not depend on the number of images. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import sharp from "sharp"
import { predictImages } from "../../inspect/predictImages.ts"
import type { Predictor } from "../../inspect/predictor.ts"
import { describeDataset } from "../../stages/fetch/datasets.ts"
import { preparationOf } from "../../stages/preprocess/prepare.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-images-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Calls 7 every image that is light in its first pixel. */
const makeStub = (batches: Array<number>): Predictor => ({
  dataset: { ...describeDataset("mnist"), imageShape: [4, 4, 1] },
  preparation: preparationOf("fashion-mnist"),
  names: Array.from({ length: 10 }, (_, label) => String(label)),
  checkpoints: [],
  probabilities: (images) =>
    Effect.sync(() => {
      batches.push(images.length)
      return Float32Array.from({ length: images.length * 10 }, (_, i) => (i % 10 === 7 ? 0.91 : 0.01))
    }),
})

describe("predictImages", () => {
  it.live("hands results over while most images are unread", () =>
    Effect.gen(function* () {
      const count = 600
      const png = yield* Effect.promise(() =>
        sharp({ create: { width: 4, height: 4, channels: 3, background: "#888" } })
          .png()
          .toBuffer(),
      )
      for (let i = 0; i < count; i++) writeFileSync(join(scratch, `${1000 + i}.png`), i === 3 ? "text" : png)
      const fs = yield* FileSystem.FileSystem
      let reads = 0
      const counted = FileSystem.FileSystem.of({
        ...fs,
        readFile: (path) => Effect.suspend(() => (reads++, fs.readFile(path))),
      })
      const batches: Array<number> = []
      const readsAtResult: Array<number> = []
      yield* Effect.gen(function* () {
        const { hidden, images, results } = yield* predictImages(makeStub(batches), [scratch])
        assert.deepStrictEqual([images.length, hidden], [count, 0])
        let at = 0
        yield* Stream.runForEach(results, (result) =>
          Effect.sync(() => {
            readsAtResult.push(reads)
            const name = images[at++]
            // In the order of the names, with a problem in its place.
            if (at === 4) assert.isTrue("problem" in result && result.problem.image === name)
            else assert.isTrue("prediction" in result && result.prediction.image === name)
          }),
        )
      }).pipe(Effect.provideService(FileSystem.FileSystem, counted))
      assert.lengthOf(readsAtResult, count)
      assert.isBelow(readsAtResult[0], 250)
      readsAtResult.forEach((read, i) => assert.isBelow(read - i, 350, `at result ${i}`))
      assert.isAtMost(Math.max(...batches), 100)
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
