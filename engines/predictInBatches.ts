/** Predictions in calls of one size, so that they do not depend on it: (program, batch, images, call) -> predictions. */
import { Effect } from "effect"
import type { EngineFailed, Program } from "./Engine.ts"
import { sizeOf } from "./trace/graph.ts"

/** `predict`: `batch` images [batch, ...imageShape] -> [batch, classes]. Returns [images, classes]. */
export const predictInBatches = Effect.fnUntraced(function* (
  { classes, inputShape }: Pick<Program, "classes"> & { readonly inputShape: ReadonlyArray<number> },
  batch: number,
  images: Float32Array,
  predict: (images: Float32Array) => Effect.Effect<Float32Array, EngineFailed>,
) {
  const imageSize = sizeOf(inputShape)
  const count = images.length / imageSize
  const predictions = new Float32Array(count * classes)
  for (let from = 0; from < count; from += batch) {
    const part = images.subarray(from * imageSize, (from + batch) * imageSize)
    const whole = part.length === batch * imageSize ? part : new Float32Array(batch * imageSize)
    // The last batch is filled up with black images, whose predictions are dropped.
    if (whole !== part) whole.set(part)
    const wanted = Math.min(batch, count - from) * classes
    predictions.set((yield* predict(whole)).subarray(0, wanted), from * classes)
  }
  return predictions
})
