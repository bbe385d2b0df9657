/**
 * Reads a few examples of a dataset: (fetched files, indices) -> their pixels, [height, width, channels] bytes each.
 *
 * Only the files that hold one of them are read and verified; usually that is the test file.
 */
import { Effect } from "effect"
import type { FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { imageReader, withImageReads } from "./images.ts"
import { loadImages } from "./loadImages.ts"

export const readExamples = Effect.fn("readExamples")(
  function* (
    fetched: FetchedDataset,
    /** An index counts through the train file and then the test file. */
    trainExamples: number,
    indices: ReadonlyArray<number>,
  ) {
    const examples = new Map<number, Uint8Array>()
    const { imageShape } = fetched
    const { testImages, trainImages } = fetched.files
    for (const [file, first, until] of [
      [trainImages, 0, trainExamples],
      [testImages, trainExamples, Infinity],
    ] as const) {
      const wanted = indices.filter((index) => index >= first && index < until)
      if (wanted.length === 0) continue
      const {
        counts: [count],
        images,
      } = yield* loadImages(fetched, [file])
      const read = imageReader({ images, imageShape })
      for (const index of wanted) {
        if (index - first < count) examples.set(index, read(index - first).slice())
      }
    }
    return examples
  },
  Effect.scoped,
  withImageReads,
)
