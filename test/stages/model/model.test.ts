import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { Effect, Schema } from "effect"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import { layers, Model } from "../../../schemas/experiment/Model.ts"
import { initializers } from "../../../schemas/experiment/weights.ts"
import { Optimizer, optimizers } from "../../../schemas/experiment/Optimizer.ts"
import { fillDropoutMask, makeDropoutMask } from "../../../stages/model/dropout.ts"
import { initialize } from "../../../stages/model/initialize.ts"
import { buildProgram } from "../../../stages/model/model.ts"
import { randomKey } from "../../../stages/random.ts"

useCpuBackend()

const program = (model: (typeof Model)["Encoded"], seed = 0) =>
  buildProgram({
    model: Schema.decodeUnknownSync(Model)(model),
    loss: "softmaxCrossEntropy",
    optimizer: Schema.decodeUnknownSync(Optimizer)(optimizers.momentum({ learningRate: 1 })),
    inputShape: [8, 8, 1],
    classes: 3,
    batchSize: 4,
    seed,
  })

const model = [
  layers.conv2d({ filters: 2, kernelSize: 3 }),
  layers.conv2d({ filters: 2, kernelSize: 3, name: "eyes", useBias: false }),
  layers.batchNormalization(),
  layers.flatten(),
  layers.dropout({ rate: 0.25 }),
  layers.dense({ units: 3 }),
] as const

const values = (variables: ReadonlyArray<tf.Variable>) =>
  variables.map((variable) => [...variable.dataSync()])

describe("a program", () => {
  it.effect("names variables after their layers, weights before the optimizer's slots", () =>
    Effect.gen(function* () {
      const { dropoutMasks, feeds, summary, variables } = yield* program(model)
      const weights = [
        "conv2d_1/kernel",
        "conv2d_1/bias",
        "eyes/kernel",
        "batchNormalization_1/gamma",
        "batchNormalization_1/beta",
        "batchNormalization_1/moving_mean",
        "batchNormalization_1/moving_variance",
        "dense_1/kernel",
        "dense_1/bias",
      ]
      const slots = weights.filter((name) => !name.includes("moving")).map((name) => `${name}/momentum`)
      assert.deepStrictEqual(
        variables.map(({ name }) => name),
        [...weights, ...slots],
      )
      assert.deepStrictEqual(feeds, [
        { name: "images", shape: [4, 8, 8, 1] },
        { name: "labels", shape: [4, 3] },
        { name: "learningRate", shape: [] },
        { name: "dropout_1/mask", shape: [4, 32] },
      ])
      assert.deepStrictEqual(
        dropoutMasks.map(({ feed, shape }) => ({ feed, shape })),
        [{ feed: "dropout_1/mask", shape: [4, 32] }],
      )
      assert.deepStrictEqual(summary.at(-1), {
        layer: "dense_1",
        kind: "dense",
        outputShape: [3],
        parameters: 99,
      })
    }),
  )

  it.effect("has a mask of one value a channel for spatial dropout, and of all scores for attention", () =>
    Effect.gen(function* () {
      const { dropoutMasks } = yield* program([
        layers.conv2d({ filters: 6, kernelSize: 3, padding: "same" }),
        layers.spatialDropout2d({ rate: 0.25 }),
        layers.maxPooling2d({ poolSize: 4, name: "few" }),
        layers.multiHeadAttention({
          inputs: ["spatialDropout2d_1", "few"],
          numHeads: 3,
          keyDim: 2,
          dropout: 0.5,
        }),
        layers.flatten(),
        layers.dense({ units: 3 }),
      ])
      assert.deepStrictEqual(
        dropoutMasks.map(({ feed, rate, shape }) => ({ feed, rate, shape })),
        [
          { feed: "spatialDropout2d_1/mask", rate: 0.25, shape: [4, 1, 1, 6] },
          // 64 positions of the query, 4 of the key.
          { feed: "multiHeadAttention_1/mask", rate: 0.5, shape: [4, 3, 64, 4] },
        ],
      )
    }),
  )

  it.effect("can exist twice in one process, and disposes of all its tensors", () =>
    Effect.gen(function* () {
      const start = tf.memory().numTensors
      const registered = Object.keys(tf.engine().state.registeredVariables).length
      yield* Effect.scoped(
        Effect.gen(function* () {
          const first = yield* program(model)
          const second = yield* program(model)
          assert.deepStrictEqual(
            first.variables.map(({ name }) => name),
            second.variables.map(({ name }) => name),
          )
          assert.deepStrictEqual(values(first.variables), values(second.variables))
          tf.tidy(() => first.variables[0].assign(tf.zerosLike(first.variables[0])))
          assert.notDeepEqual(values(first.variables), values(second.variables))
        }),
      )
      assert.strictEqual(tf.memory().numTensors, start)
      assert.strictEqual(Object.keys(tf.engine().state.registeredVariables).length, registered)
    }),
  )

  it.effect("has different initial weights with another seed", () =>
    Effect.gen(function* () {
      const [first, second] = [yield* program(model, 1), yield* program(model, 2)]
      assert.notDeepEqual([...first.variables[0].dataSync()], [...second.variables[0].dataSync()])
    }),
  )

  it.effect("predicts without dropout, the same as its model of TensorFlow.js", () =>
    Effect.gen(function* () {
      const network = yield* program(model)
      const [logits, probabilities] = tf.tidy(() => {
        const images = tf.ones([2, 8, 8, 1]) as tf.Tensor4D
        const outputs = network.layersModel.predict(images) as tf.Tensor
        return [[...tf.softmax(outputs).dataSync()], [...network.predict(images).dataSync()]]
      })
      assert.deepStrictEqual(probabilities, logits)
    }),
  )
})

const spread = (values: Float32Array) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  const stddev = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length)
  const largest = values.reduce((max, x) => Math.max(max, Math.abs(x)), 0)
  return { mean, stddev, largest }
}
const key = randomKey(3, "initialize/test")

describe("initial weights", () => {
  it("are at most two standard deviations from the mean when truncated", () => {
    const { largest, mean, stddev } = spread(
      initialize({ kind: "truncatedNormal", mean: 0, stddev: 0.1 }, [200, 500], key),
    )
    assert.isAtMost(largest, 0.2)
    assert.closeTo(mean, 0, 1e-3)
    assert.closeTo(stddev, 0.1 * 0.8796, 1e-3)
  })

  it("have the mean and the standard deviation of their distribution", () => {
    const normal = spread(initialize({ kind: "randomNormal", mean: 1, stddev: 2 }, [200, 500], key))
    assert.closeTo(normal.mean, 1, 0.03)
    assert.closeTo(normal.stddev, 2, 0.03)
    assert.isAbove(normal.largest, 7)
    const uniform = spread(initialize({ kind: "randomUniform", minval: -1, maxval: 3 }, [200, 500], key))
    assert.closeTo(uniform.mean, 1, 0.02)
    assert.closeTo(uniform.stddev, 4 / Math.sqrt(12), 0.02)
  })

  it("are scaled by the fans of a convolution and of a dense layer", () => {
    const shape = [5, 5, 8, 100]
    const [fanIn, fanOut] = [200, 2500]
    assert.closeTo(
      spread(initialize(initializers.glorotNormal, shape, key)).stddev,
      Math.sqrt(2 / (fanIn + fanOut)),
      1e-3,
    )
    assert.closeTo(spread(initialize(initializers.heNormal, shape, key)).stddev, Math.sqrt(2 / fanIn), 2e-3)
    assert.isAtMost(
      spread(initialize(initializers.glorotUniform, [100, 50], key)).largest,
      Math.sqrt(6 / 150),
    )
    assert.closeTo(
      spread(initialize(initializers.heUniform, [100, 500], key)).stddev,
      Math.sqrt(2 / 100),
      1e-3,
    )
  })

  it("of a constant initializer are that constant", () => {
    assert.deepStrictEqual([...initialize(initializers.constant(0.5), [3], key)], [0.5, 0.5, 0.5])
    assert.deepStrictEqual([...initialize(initializers.ones, [2], key)], [1, 1])
    assert.deepStrictEqual([...initialize(initializers.zeros, [2], key)], [0, 0])
  })
})

describe("a dropout mask", () => {
  const mask = makeDropoutMask("dropout_1", [7, 9], 0.25, 5)

  it("is 0 with probability rate, else 1 / (1 - rate)", () => {
    const values = new Float32Array(100_000)
    fillDropoutMask(mask, 0, values)
    assert.deepStrictEqual([...new Set(values)].sort(), [0, Math.fround(4 / 3)])
    assert.closeTo(values.filter((value) => value === 0).length / values.length, 0.25, 5e-3)
  })

  it("is a pure function of the iteration: a part of one stream of draws", () => {
    for (const size of [63, 64, 1, 2]) {
      const stream = new Float32Array(size * 5)
      fillDropoutMask(mask, 0, stream)
      for (const iteration of [4, 0, 3]) {
        const part = new Float32Array(size)
        fillDropoutMask(mask, iteration, part)
        assert.deepStrictEqual(part, stream.slice(iteration * size, (iteration + 1) * size))
      }
    }
  })

  it("differs between layers and between seeds", () => {
    const draw = (other: typeof mask) => {
      const values = new Float32Array(200)
      fillDropoutMask(other, 0, values)
      return values
    }
    assert.notDeepEqual(draw(makeDropoutMask("dropout_2", [7, 9], 0.25, 5)), draw(mask))
    assert.notDeepEqual(draw(makeDropoutMask("dropout_1", [7, 9], 0.25, 6)), draw(mask))
  })
})
