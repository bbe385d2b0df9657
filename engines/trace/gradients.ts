/**
 * Gradients that are wrong or missing in TensorFlow.js, replaced for every engine. They are written as operations, so they are traced as
 * any other.
 *
 * Of images that are enlarged by nearest neighbours, TensorFlow.js 4.22 gives another gradient than finite differences (for
 * example 2 times as large along both axes): each pixel's gradient is the sum over the pixels that repeat it.
 * Its gradient of bilinear resizing has the right values in the order of the images, but the shape has height and width swapped.
 */
import * as tf from "@tensorflow/tfjs-core"
// Loading it registers the gradients of TensorFlow.js, which are replaced here.
import { version_layers } from "@tensorflow/tfjs-layers"
import { registerEinsumGradient } from "./einsum.ts"

/** Of a kernel that has one. */
const gradientOf = (kernel: string): tf.GradConfig => {
  const found = tf.getGradient(kernel) as tf.GradConfig | undefined
  if (found === undefined) throw new Error(`TensorFlow.js ${version_layers} has no gradient of ${kernel}`)
  return found
}

/** Call it once. */
export const replaceGradients = (): void => {
  registerEinsumGradient()
  const nearest = gradientOf(tf.ResizeNearestNeighbor)
  tf.registerGradient({
    ...nearest,
    gradFunc: (dy, saved, attributes) => {
      const [images] = saved
      const [batch, height, width, channels] = images.shape
      const [, rows, columns] = (dy as tf.Tensor).shape
      if (rows % height !== 0 || columns % width !== 0 || attributes.alignCorners === true) {
        return nearest.gradFunc(dy, saved, attributes)
      }
      const parts = [batch, height, rows / height, width, columns / width, channels]
      return { images: () => tf.sum(tf.reshape(dy as tf.Tensor, parts), [2, 4]) }
    },
  })
  const bilinear = gradientOf(tf.ResizeBilinear)
  tf.registerGradient({
    ...bilinear,
    gradFunc: (dy, saved, attributes) => {
      const { images } = bilinear.gradFunc(dy, saved, attributes)
      return { images: () => tf.reshape(images(), saved[0].shape) }
    },
  })
}
