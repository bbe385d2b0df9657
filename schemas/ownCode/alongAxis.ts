/**
 * Softmax and its logarithm along any axis: (TensorFlow.js) -> the two functions.
 *
 * Those of TensorFlow.js refuse all axes but the last, so another one is moved there and back. Own code gets these under the names of
 * TensorFlow.js (`stages/code/modules.ts`).
 */
import type * as tf from "@tensorflow/tfjs-core"

type TensorFlow = Pick<typeof tf, "Tensor" | "logSoftmax" | "softmax" | "transpose">
type Softmax = <T extends tf.Tensor>(logits: T | tf.TensorLike, axis?: number) => T

export const alongAxis = ({ logSoftmax, softmax, Tensor, transpose }: TensorFlow) => {
  const along =
    (name: string, compute: Softmax): Softmax =>
    <T extends tf.Tensor>(logits: T | tf.TensorLike, axis = -1): T => {
      if (!(logits instanceof Tensor)) return compute<T>(logits, axis)
      const { rank } = logits
      const last = rank - 1
      const at = axis < 0 ? axis + rank : axis
      if (!Number.isInteger(at) || at < 0 || at > last) {
        throw new Error(`${name}: found axis ${axis}, expected a whole number from ${-rank} to ${last}`)
      }
      if (at === last) return compute<T>(logits)
      // Exchanging two axes is its own inverse.
      const exchanged = logits.shape.map((_, i) => (i === at ? last : i === last ? at : i))
      return transpose(compute(transpose<T>(logits, exchanged)), exchanged)
    }
  return { softmax: along("softmax", softmax), logSoftmax: along("logSoftmax", logSoftmax) }
}
