/**
 * Writes the images of a set into the cache while they are decoded: (folder, shape) -> append images, then keep the file.
 *
 * An IDX file, as those of MNIST, so that the rest of a run reads one format. It is named by its digest, as every file of the cache.
 * No more than a block of images is in memory, whatever their number.
 */
import { Effect } from "effect"
import { makeGrowingFile } from "../../storage/growingFile.ts"
import { idxHeader } from "../dataset/idx.ts"
import { imageBytes, type ImageShape } from "../dataset/images.ts"
import { keepGrowing } from "../fetch/cache.ts"

const dimsOf = (examples: number, [height, width, channels]: ImageShape) => [
  examples,
  height,
  width,
  ...(channels === 1 ? [] : [channels]),
]

export const makeImageSink = Effect.fn("makeImageSink")(function* (folder: string, shape: ImageShape) {
  const file = yield* makeGrowingFile(folder)
  const header = idxHeader(dimsOf(0, shape))
  yield* file.append(header)
  const countImages = () => (file.sizeBytes() - header.byteLength) / imageBytes({ imageShape: shape })
  return {
    /** Adds whole images. */
    append: file.append,
    appendNow: file.appendNow,
    /** The file in the cache; `source`: where the images came from, for people. Once, after the last image. */
    keep: Effect.fnUntraced(function* (source: string) {
      const whole = idxHeader(dimsOf(countImages(), shape))
      yield* file.writeStart(whole)
      return yield* keepGrowing(file, folder, "idx", source)
    }),
  }
})
export type ImageSink = Effect.Success<ReturnType<typeof makeImageSink>>
