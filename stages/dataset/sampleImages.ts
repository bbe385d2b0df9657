/**
 * Sample images for TensorBoard: (dataset, train split) -> the first image of each class, as PNG.
 *
 * Pixels are those of the dataset, before normalization. None if images are neither gray nor RGB.
 */
import { Effect } from "effect"
import type { SummaryValue } from "../../storage/tensorboard/proto.ts"
import { encodePng } from "../preprocess/png.ts"
import { imageReader } from "./images.ts"
import type { LoadedDataset } from "./load.ts"

/** TensorBoard shows about twelve small images on a screen. */
const maxClasses = 16

export const sampleImages = Effect.fn("sampleImages")(function* (
  dataset: LoadedDataset,
  /** Indices of the train split. */
  train: Uint32Array,
) {
  const [height, width, channels] = dataset.imageShape
  if (channels !== 1 && channels !== 3) return []
  const read = imageReader(dataset)
  const first = new Map<number, number>()
  for (const index of train) {
    const label = dataset.labels[index]
    if (label < maxClasses && !first.has(label)) first.set(label, index)
    if (first.size === Math.min(maxClasses, dataset.classes)) break
  }
  const inOrder = [...first].sort(([a], [b]) => a - b)
  return yield* Effect.forEach(inOrder, ([label, index]) =>
    encodePng(read(index).slice(), {
      width,
      height,
      channels,
    }).pipe(
      Effect.map((png): SummaryValue => ({
        tag: `examples/class_${label}`,
        image: { height, width, colorspace: channels, encodedImageString: png },
      })),
    ),
  )
})
