/**
 * What the examples look like: (dataset, train split) -> the first image of each class, as PNG for TensorBoard.
 *
 * Pixels are those of the dataset, before normalization. Images that are neither gray nor RGB have no picture: none then.
 */
import { Effect } from "effect"
import type { SummaryValue } from "../../storage/tensorboard/proto.ts"
import { encodePng } from "../preprocess/png.ts"
import type { ResidentDataset } from "./load.ts"

/** Classes shown: TensorBoard lays out some twelve small images on a screen. */
const most = 16

export const sampleImages = Effect.fn("sampleImages")(function* (
  dataset: ResidentDataset,
  /** Indices of the train split. */
  train: Uint32Array,
) {
  const [height, width, channels] = dataset.imageShape
  if (channels !== 1 && channels !== 3) return []
  const pixels = height * width * channels
  const first = new Map<number, number>()
  for (const index of train) {
    const label = dataset.labels[index]
    if (label < most && !first.has(label)) first.set(label, index)
    if (first.size === Math.min(most, dataset.classes)) break
  }
  const inOrder = [...first].sort(([a], [b]) => a - b)
  return yield* Effect.forEach(inOrder, ([label, index]) =>
    encodePng(dataset.images.subarray(index * pixels, (index + 1) * pixels), {
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
