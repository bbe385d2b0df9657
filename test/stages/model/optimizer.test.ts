/** Optimizers compared with their formulas. */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { Schema } from "effect"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import { Optimizer, optimizers } from "../../../schemas/experiment/Optimizer.ts"
import { makeOptimizer } from "../../../stages/model/optimizer.ts"

useCpuBackend()

/** The values of one weight under these gradients with learning rate 0.1, and the names of the slots. */
const weightPath = (
  optimizer: (typeof Optimizer)["Encoded"],
  gradients: ReadonlyArray<number>,
  name = "w",
) => {
  const weight = tf.tidy(() => tf.variable(tf.scalar(1), true, name))
  const { slots, update } = makeOptimizer(
    Schema.decodeUnknownSync(Optimizer)(optimizer),
    [weight],
    (name, shape, value) => tf.tidy(() => tf.variable(tf.fill(Array.from(shape), value), false, name)),
  )
  const path = gradients.map((value) => {
    tf.tidy(() => update([{ variable: weight, gradient: tf.scalar(value) }], tf.scalar(0.1)))
    return weight.dataSync()[0]
  })
  const names = slots.map(({ name }) => name)
  for (const variable of [weight, ...slots]) variable.dispose()
  return { path, names }
}

const gradients = [0.5, -1, 2]
const near = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>) => {
  assert.strictEqual(actual.length, expected.length)
  actual.forEach((value, i) => assert.closeTo(value, expected[i], 2e-6))
}

describe("an optimizer updates a weight by its formula", () => {
  it("adam, in TensorFlow's form", () => {
    let [w, m, v] = [1, 0, 0]
    const expected = gradients.map((g, i) => {
      m = 0.9 * m + 0.1 * g
      v = 0.999 * v + 0.001 * g * g
      const rate = (0.1 * Math.sqrt(1 - 0.999 ** (i + 1))) / (1 - 0.9 ** (i + 1))
      return (w -= (rate * m) / (Math.sqrt(v) + 1e-3))
    })
    const { names, path } = weightPath(optimizers.adam({ learningRate: 1, epsilon: 1e-3 }), gradients)
    near(path, expected)
    assert.deepStrictEqual(names, ["optimizer/beta1Power", "optimizer/beta2Power", "w/m", "w/v"])
  })

  it("adamw, which also decays kernels and no other weights", () => {
    const options = { learningRate: 1, epsilon: 1e-3 }
    const adam = (decay: number) => {
      let [w, m, v] = [1, 0, 0]
      return gradients.map((g, i) => {
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        const rate = (0.1 * Math.sqrt(1 - 0.999 ** (i + 1))) / (1 - 0.9 ** (i + 1))
        return (w -= 0.1 * decay * w + (rate * m) / (Math.sqrt(v) + 1e-3))
      })
    }
    const decayed = optimizers.adamw({ ...options, weightDecay: 0.5 })
    near(weightPath(decayed, gradients, "dense_1/kernel").path, adam(0.5))
    assert.deepStrictEqual(
      weightPath(decayed, gradients, "dense_1/bias").path,
      weightPath(optimizers.adam(options), gradients, "dense_1/bias").path,
    )
  })

  it("sgd with its gradient clipped, by value and by norm", () => {
    for (const clip of [{ value: 0.8 }, { norm: 0.8 }, { globalNorm: 0.8 }] as const) {
      const { path } = weightPath(optimizers.sgd({ learningRate: 1, clip }), gradients)
      near(path, [0.95, 1.03, 0.95])
    }
  })

  it("sgd", () => {
    const { names, path } = weightPath(optimizers.sgd({ learningRate: 1 }), gradients)
    near(path, [0.95, 1.05, 0.85])
    assert.deepStrictEqual(names, [])
  })

  for (const nesterov of [false, true]) {
    it(`momentum, ${nesterov ? "Nesterov's" : "plain"}`, () => {
      let [w, a] = [1, 0]
      const expected = gradients.map((g) => {
        a = 0.9 * a + g
        return (w -= 0.1 * (nesterov ? g + 0.9 * a : a))
      })
      const { names, path } = weightPath(optimizers.momentum({ learningRate: 1, nesterov }), gradients)
      near(path, expected)
      assert.deepStrictEqual(names, ["w/momentum"])
    })
  }

  for (const momentum of [0, 0.5]) {
    it(`rmsprop with momentum ${momentum}`, () => {
      let [w, r, a] = [1, 0, 0]
      const expected = gradients.map((g) => {
        r = 0.9 * r + 0.1 * g * g
        a = momentum * a + (0.1 * g) / Math.sqrt(r + 1e-7)
        return (w -= a)
      })
      const { names, path } = weightPath(optimizers.rmsprop({ learningRate: 1, momentum }), gradients)
      near(path, expected)
      assert.deepStrictEqual(names, momentum === 0 ? ["w/rms"] : ["w/rms", "w/momentum"])
    })
  }
})
