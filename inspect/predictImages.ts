/**
 * Predictions for image files: (predictor, paths) -> one prediction per readable image, and one problem for every other.
 */
import { Effect, Result, Runtime } from "effect"
import { prepareImage } from "../stages/preprocess/prepare.ts"
import { imageSources } from "../stages/preprocess/sources.ts"
import type { Predictor } from "./predictor.ts"

export interface Prediction {
  readonly image: string
  readonly label: number
  readonly class: string
  /** By label; they sum to 1. */
  readonly probabilities: ReadonlyArray<number>
}

/** Images decoded at a time: keeps two cores busy while one read waits for the disk. */
const concurrency = 3

/** `paths`: files, folders, or - for standard input. `pixels` has the preprocessed image of each prediction. */
export const predictImages = Effect.fn("predictImages")(function* (
  { dataset, names, preparation, probabilities }: Predictor,
  paths: ReadonlyArray<string>,
) {
  const prepared = yield* Effect.forEach(
    yield* imageSources(paths),
    ({ image, read }) =>
      Effect.suspend(() => read).pipe(
        Effect.flatMap((bytes) => prepareImage(bytes, image, dataset, preparation)),
        Effect.result,
        Effect.map((result) => ({ image, result })),
      ),
    { concurrency },
  )
  const readable = prepared.flatMap(({ image, result }) =>
    Result.isSuccess(result) ? [{ image, pixels: result.success }] : [],
  )
  const problems = prepared.flatMap(({ image, result }) => {
    if (Result.isSuccess(result)) return []
    const { _tag, [Runtime.errorExitCode]: exitCode, message } = result.failure
    return [{ image, error: _tag, message, exitCode }]
  })
  const pixels = readable.map((image) => image.pixels)
  /** [images, classes] */
  const all = pixels.length === 0 ? new Float32Array() : yield* probabilities(pixels)
  const predictions = readable.map(({ image }, row): Prediction => {
    const own = Array.from(all.subarray(row * names.length, (row + 1) * names.length))
    const label = own.indexOf(Math.max(...own))
    return { image, label, class: names[label], probabilities: own }
  })
  return { predictions, pixels, problems }
})
