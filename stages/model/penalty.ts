/**
 * L1 and L2 penalties on kernels: (kernels with their regularizers) -> the term of the loss, and that of a gradient.
 *
 * Σ (l1·|w| + l2·w²), as in `tf.regularizers`. The gradient is explicit because the derivative of |w| at 0 must be 0;
 * TensorFlow.js gives -1.
 */
import * as tf from "@tensorflow/tfjs-core"
import type { Regularizer } from "../../schemas/experiment/weights.ts"

export type Regularized = ReadonlyMap<tf.Variable, Regularizer>

/** The sum over all kernels; undefined without a penalty. */
export const penalty = (regularized: Regularized): tf.Scalar | undefined => {
  const terms = [...regularized].flatMap(([kernel, { l1, l2 }]) => [
    ...(l1 > 0 ? [tf.mul(tf.sum(tf.abs(kernel)), l1)] : []),
    ...(l2 > 0 ? [tf.mul(tf.sum(tf.square(kernel)), l2)] : []),
  ])
  return terms.length === 0 ? undefined : (terms.reduce((sum, term) => tf.add(sum, term)) as tf.Scalar)
}

/** The gradient of loss and penalty: g + l1·sign(w) + 2·l2·w. */
export const withPenalty = (
  regularized: Regularized,
  variable: tf.Variable,
  gradient: tf.Tensor,
): tf.Tensor => {
  const { l1, l2 } = regularized.get(variable) ?? { l1: 0, l2: 0 }
  let sum = gradient
  if (l1 > 0) sum = tf.add(sum, tf.mul(tf.sign(variable), l1))
  if (l2 > 0) sum = tf.add(sum, tf.mul(variable, 2 * l2))
  return sum
}
