/** A dataset whose batches show which examples they hold. */
import { assert } from "@effect/vitest"
import type { BatchChunk } from "../../../stages/batch/batch.ts"
import type { LoadedDataset } from "../../../stages/dataset/load.ts"

/** Every pixel of example i is i and its label is i mod 10, so that batches show which examples they hold. */
export const numbered = (
  examples: number,
  imageShape: LoadedDataset["imageShape"] = [2, 3, 1],
): LoadedDataset => {
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

/** The values of pixels as they are stored. */
export const raw = Float32Array.from({ length: 256 }, (_, value) => value)

export const options = (examples: number, batchSize: number, seed = 0) => ({
  dataset: numbered(examples),
  indices: Uint32Array.from({ length: examples }, (_, i) => i),
  table: raw,
  batchSize,
  seed,
})

/** The examples of a stack of batches, by their first pixel; checks that image and label belong together. */
export const examplesOf = (
  { images, labels }: Pick<BatchChunk, "images" | "labels">,
  pixels = 6,
): Array<number> =>
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
