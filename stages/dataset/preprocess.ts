/**
 * A dataset whose images own code has changed: (function, dataset) -> the dataset with images of the same size.
 *
 * Its memory is shared with the thread that fills batches, as that of the dataset is.
 */
import { Effect } from "effect"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { preprocessAll } from "../code/call.ts"
import { loadFunctions, ownCodeTry } from "../code/load.ts"
import type { ResidentDataset } from "./load.ts"

/** Changes images that lie one after another, in place; undefined without own preprocessing. */
export type ChangeImages = (
  images: Uint8Array,
  shape: ResidentDataset["imageShape"],
) => ReturnType<typeof ownCodeTry<void>>

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

export const preprocessDataset = Effect.fn("preprocessDataset")(function* (
  change: ChangeImages | undefined,
  dataset: ResidentDataset,
) {
  if (change === undefined) return dataset
  const images = new Uint8Array(new SharedArrayBuffer(dataset.images.length))
  images.set(dataset.images)
  yield* change(images, dataset.imageShape)
  return { ...dataset, images } satisfies ResidentDataset
})
