/**
 * The equation of an einsum, and its gradient: TensorFlow.js has none.
 *
 * The gradient of one operand is an einsum of the output's gradient and the other operand. Along an axis that only this operand
 * has, all elements have the same.
 */
import * as tf from "@tensorflow/tfjs-core"

/** "bik,bkj -> bij" as the letters of its operands and of its output. TensorFlow.js checks it. */
export const parseEinsum = (equation: string) => {
  const [operands, out] = equation.replaceAll(/\s/g, "").split("->")
  return { operands: operands.split(","), out }
}

const gradientOf = (
  dy: tf.Tensor,
  out: string,
  x: tf.Tensor,
  letters: string,
  other?: tf.Tensor,
  others = "",
) => {
  const present = [...letters].filter((letter) => (out + others).includes(letter)).join("")
  // An operand without axes is a factor.
  const terms = [
    { tensor: dy, letters: out },
    ...(other === undefined ? [] : [{ tensor: other, letters: others }]),
  ]
  const arrays = terms.filter((term) => term.letters !== "")
  const factors = terms.filter((term) => term.letters === "").map(({ tensor }) => tensor)
  const product =
    arrays.length === 0
      ? tf.onesLike(dy)
      : tf.einsum(
          `${arrays.map((term) => term.letters).join()}->${present}`,
          ...arrays.map(({ tensor }) => tensor),
        )
  const scaled = factors.reduce((scaled, factor) => tf.mul(scaled, factor), product)
  const shape = [...letters].map((letter, axis) => (present.includes(letter) ? x.shape[axis] : 1))
  const apart = tf.reshape(scaled, shape)
  return present === letters ? apart : tf.mul(apart, tf.onesLike(x))
}

export const registerEinsumGradient = (): void =>
  tf.registerGradient({
    kernelName: tf.Einsum,
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const { operands, out } = parseEinsum(attributes.equation as string)
      const [a, b] = saved
      const gradient = dy as tf.Tensor
      return {
        0: () => gradientOf(gradient, out, a, operands[0], b, operands[1]),
        ...(b === undefined ? {} : { 1: () => gradientOf(gradient, out, b, operands[1], a, operands[0]) }),
      } as unknown as ReturnType<tf.GradFunc>
    },
  })
