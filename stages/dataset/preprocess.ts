/**
 * A dataset whose images own code has changed: (function, dataset) -> the dataset with images of the same size.
 *
 * Its memory is shared with the thread that fills batches, as that of the dataset is. Changed images of a dataset in files are in a
 * file without a name.
 */
import { Effect } from "effect"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { preprocessAll } from "../code/call.ts"
import { loadFunctions, ownCodeTry } from "../code/load.ts"
import { makeScratchFile } from "../../storage/scratchFile.ts"
import { failedNow } from "../../storage/StorageFailed.ts"
import {
  imageReader,
  imagesAtOnce,
  type ImageShape,
  isStored,
  type StoredImages,
  withImageReads,
} from "./images.ts"
import type { LoadedDataset } from "./load.ts"

/** Changes images that lie one after another, in place; undefined without own preprocessing. */
export type ChangeImages = (images: Uint8Array, shape: ImageShape) => ReturnType<typeof ownCodeTry<void>>

export const loadPreprocess = Effect.fnUntraced(function* ({
  code,
  preprocess,
}: Pick<Experiment, "code" | "preprocess">) {
  if (preprocess === undefined) return undefined
  const use = { kind: "preprocess", at: "preprocess", reference: preprocess } as const
  const loaded = (yield* loadFunctions(code, [use])).get("preprocess", preprocess)
  const change: ChangeImages = (images, shape) => ownCodeTry(() => preprocessAll(loaded, images, shape))
  return change
})

const changeStored = Effect.fnUntraced(function* (
  change: ChangeImages,
  dataset: LoadedDataset,
  { folder }: StoredImages,
) {
  const scratch = yield* makeScratchFile(folder)
  const read = imageReader(dataset)
  const examples = dataset.labels.length
  const atOnce = imagesAtOnce(dataset)
  for (let at = 0; at < examples; at += atOnce) {
    const some = read(at, Math.min(examples, at + atOnce))
    yield* change(some, dataset.imageShape)
    yield* Effect.try({ try: () => scratch.append(some), catch: failedNow("write", scratch.path) })
    yield* Effect.yieldNow
  }
  const { file, path } = scratch
  const changed: StoredImages = { parts: [{ file, path, at: 0, images: examples }], folder }
  return changed
})

export const preprocessDataset = Effect.fn("preprocessDataset")(function* (
  change: ChangeImages | undefined,
  dataset: LoadedDataset,
) {
  if (change === undefined) return dataset
  const { images } = dataset
  if (isStored(images)) return { ...dataset, images: yield* changeStored(change, dataset, images) }
  const changed = new Uint8Array(new SharedArrayBuffer(images.length))
  changed.set(images)
  yield* change(changed, dataset.imageShape)
  return { ...dataset, images: changed } satisfies LoadedDataset
}, withImageReads)
