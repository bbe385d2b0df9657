/** The augmentation of own code in the thread that fills batches: (batches, reference, texts) -> a function of one image. */
import { Effect } from "effect"
import type { OwnFunction } from "../../schemas/experiment/OwnCode.ts"
import { addText } from "../../storage/codeTexts.ts"
import type { BatchOptions, OwnAugment } from "../batch/fillBatch.ts"
import { augmentWith } from "./call.ts"
import { loadFunctions, OwnCodeFailed } from "./load.ts"
import { guardPurity } from "./purity.ts"

/** The fields of an error of own code; undefined for another error. */
export const failureOf = (error: unknown) =>
  error instanceof OwnCodeFailed ? { what: error.what, problem: error.problem } : undefined

/** The whole thread is guarded: it does nothing but fill batches. */
export const loadAugment = async (
  { code, dataset, seed }: BatchOptions,
  reference: OwnFunction,
  texts: ReadonlyArray<string>,
): Promise<OwnAugment> => {
  for (const text of texts) addText(text)
  guardPurity()
  const use = { kind: "augment", at: "augmentation.custom", reference } as const
  const functions = await Effect.runPromise(loadFunctions(code, [use]))
  return augmentWith(functions.get("augment", reference), dataset.imageShape, seed)
}
