/** Averaged weights compared with their definition, and the predictions of a program that has them. */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { Effect, Schema } from "effect"
import { Engine } from "../../../engines/Engine.ts"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import * as Reference from "../../../engines/reference.ts"
import { layers } from "../../../schemas/experiment/Model.ts"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { experiment, optimizers } from "../../../schemas/index.ts"
import { makeAverage } from "../../../stages/model/average.ts"
import { weightsOf } from "../../../stages/export/weights.ts"
import { buildProgram } from "../../../stages/model/model.ts"
import { feedsOf, images } from "../../engines/training.ts"

useCpuBackend()

const variable = (name: string, values: ReadonlyArray<number>) =>
  tf.tidy(() => tf.variable(tf.tensor([...values]), true, `test/average/${name}`))

describe("an average", () => {
  it("is the mean of the weights so far, weighted by d^k for k iterations ago, without the initial weights", () => {
    const decay = 0.7
    const weight = variable("w", [100])
    const { copies, slots, update } = makeAverage(
      decay,
      [weight],
      (name, _, value) => variable(name, [value]),
      (name, of) => variable(name, [...of.dataSync()]),
    )
    assert.deepStrictEqual(
      slots.map(({ name }) => name),
      ["average/decayPower", "average/test/average/w"].map((name) => `test/average/${name}`),
    )
    assert.deepStrictEqual([...copies[0].dataSync()], [100])
    const path = [3, -1, 4, 1, 5]
    path.forEach((value, t) => {
      tf.tidy(() => {
        weight.assign(tf.tensor([value]))
        update()
      })
      const shares = path.slice(0, t + 1).map((_, i) => decay ** (t - i))
      const sum = shares.reduce((total, share, i) => total + share * path[i], 0)
      const expected = sum / shares.reduce((a, b) => a + b)
      assert.closeTo(copies[0].dataSync()[0], expected, 1e-5)
    })
  })
})

const definition = Schema.decodeUnknownSync(Experiment)(
  experiment({
    name: "averaged",
    dataset: "mnist",
    model: [
      layers.conv2d({ filters: 4, kernelSize: 3, useBias: false }),
      layers.batchNormalization({ momentum: 0.5 }),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ],
    loss: "softmaxCrossEntropy",
    optimizer: optimizers.sgd({ learningRate: 1 }),
    averaging: { decay: 0.75 },
    batchSize: 5,
    budget: { iterations: 4 },
  }),
)
const program = (averaging: boolean) => {
  const { averaging: wanted, ...plain } = definition
  const options = averaging && wanted !== undefined ? { ...plain, averaging: wanted } : plain
  return buildProgram({ ...options, inputShape: [8, 8, 1], classes: 3 })
}

describe("a program with averages", () => {
  it.effect("trains the same weights as a program without averages, and predicts with the averages", () =>
    Effect.gen(function* () {
      const engine = yield* Engine
      const [averaged, plain] = [yield* program(true), yield* program(false)]
      const [first, second] = [yield* engine.compile(averaged), yield* engine.compile(plain)]
      const before = yield* first.predict(images(3 * 64))
      assert.deepStrictEqual(before, yield* second.predict(images(3 * 64)))

      const feeds = feedsOf(averaged, 4)
      assert.deepStrictEqual(yield* first.train(4, feeds), yield* second.train(4, feeds))
      const state = yield* first.state
      const raw = new Map((yield* second.state).map((tensor) => [tensor.name, tensor]))
      for (const { data, name } of state) {
        if (!name.startsWith("average/")) assert.deepStrictEqual(data, raw.get(name)?.data, name)
      }
      const predictions = yield* first.predict(images(3 * 64))
      assert.notDeepEqual(predictions, yield* second.predict(images(3 * 64)))

      // An export holds the averages, also those of moving statistics, under the names of the weights.
      const weights = weightsOf(averaged, state)
      assert.deepStrictEqual(
        weights.map(({ name }) => name),
        plain.weights.map(({ name }) => name),
      )
      yield* second.load(weights)
      assert.deepStrictEqual(yield* second.predict(images(3 * 64)), predictions)
    }).pipe(Effect.scoped, Effect.provide(Reference.layer)),
  )
})
