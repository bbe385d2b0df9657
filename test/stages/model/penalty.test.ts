import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import { penalty, withPenalty } from "../../../stages/model/penalty.ts"

useCpuBackend()

const kernel = tf.tidy(() => tf.variable(tf.tensor([2, -3, 0]), true, "test/penalty/kernel"))
const values = (f: () => tf.Tensor) => [...tf.tidy(f).dataSync()]
const regularized = new Map([[kernel, { l1: 0.5, l2: 0.25 }]])

describe("a penalty", () => {
  it("is l1·Σ|w| + l2·Σw²", () => {
    assert.deepStrictEqual(
      values(() => penalty(regularized) as tf.Tensor),
      [0.5 * 5 + 0.25 * 13],
    )
  })
  it("adds l1·sign(w) + 2·l2·w to the gradient, and 0 where the weight is 0", () => {
    assert.deepStrictEqual(
      values(() => withPenalty(regularized, kernel, tf.tensor([1, 1, 1]))),
      [1 + 0.5 + 1, 1 - 0.5 - 1.5, 1],
    )
  })
  it("is undefined without regularized kernels, and gradients do not change", () => {
    assert.isUndefined(penalty(new Map()))
    const gradient = tf.tensor([1, 2, 3])
    assert.strictEqual(withPenalty(new Map(), kernel, gradient), gradient)
  })
})
