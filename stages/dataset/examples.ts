/**
 * Reads a few examples of a dataset: (fetched files, indices) -> their pixels, [height, width, channels] bytes each.
 *
 * Only the files that hold one of them are read and verified; usually that is the test file.
 */
import { Effect } from "effect"
import type { FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { loadImages, transpose } from "./load.ts"

export const readExamples = Effect.fn("readExamples")(function* (
  fetched: FetchedDataset,
  /** An index counts through the train file and then the test file. */
  trainExamples: number,
  indices: ReadonlyArray<number>,
) {
  const pixels = fetched.imageShape.reduce((a, b) => a * b, 1)
  const examples = new Map<number, Uint8Array>()
  const { testImages, trainImages } = fetched.files
  for (const [file, from, until] of [
    [trainImages, 0, trainExamples],
    [testImages, trainExamples, Infinity],
  ] as const) {
    const wanted = indices.filter((index) => index >= from && index < until)
    if (wanted.length === 0) continue
    const images = yield* loadImages(fetched, file)
    for (const index of wanted) {
      const at = (index - from) * pixels
      if (at + pixels > images.length) continue
      const stored = images.subarray(at, at + pixels)
      const example = stored.slice()
      if (fetched.layout.transposed) yield* transpose(stored, example, fetched.imageShape)
      examples.set(index, example)
    }
  }
  return examples
})
