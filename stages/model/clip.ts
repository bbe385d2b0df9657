/**
 * Gradient clipping: (clip, gradients) -> gradients.
 *
 * The norm is √Σg² over one variable, or over all variables. A gradient with a larger norm is scaled to the limit c:
 * g·c / max(‖g‖, c).
 * Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks (2013).
 */
import * as tf from "@tensorflow/tfjs-core"
import type { Clip } from "../../schemas/experiment/Optimizer.ts"

const squaredNorm = (gradient: tf.Tensor) => tf.sum(tf.square(gradient))

const shorten = (gradient: tf.Tensor, squared: tf.Tensor, limit: number) =>
  tf.mul(gradient, tf.div(limit, tf.maximum(tf.sqrt(squared), limit)))

export const clipGradients = (
  clip: Clip | undefined,
  gradients: ReadonlyArray<tf.Tensor>,
): ReadonlyArray<tf.Tensor> => {
  if (clip === undefined) return gradients
  if ("value" in clip) return gradients.map((gradient) => tf.clipByValue(gradient, -clip.value, clip.value))
  if ("norm" in clip) {
    return gradients.map((gradient) => shorten(gradient, squaredNorm(gradient), clip.norm))
  }
  const squared = gradients.map(squaredNorm).reduce((sum, term) => tf.add(sum, term))
  return gradients.map((gradient) => shorten(gradient, squared, clip.globalNorm))
}
