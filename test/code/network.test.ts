/**
 * Networks with layers of own code on the engines: the same operations as those of a built-in layer give the same bits, and a
 * vision transformer is what the reference computes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Engine } from "../../engines/Engine.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import * as Reference from "../../engines/reference.ts"
import { reachable } from "../../engines/trace/graph.ts"
import { simplify } from "../../engines/trace/simplify.ts"
import { trace } from "../../engines/trace/trace.ts"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { fillDropoutMask } from "../../stages/model/dropout.ts"
import { buildProgram } from "../../stages/model/model.ts"
import { enginesUnderTest } from "../engines/engines.ts"
import { relativeError } from "../engines/training.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-own-networks-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const load = (file: string) =>
  loadExperiment(file, {}).pipe(
    Effect.map(({ experiment }) => experiment),
    Effect.provide(NodeServices.layer),
  )

const iterations = 3
const batchSize = 4

/** Trains on made images of so many rows and columns: losses, state and the predictions of one batch. */
const train = Effect.fnUntraced(function* (experiment: Experiment, side = 28) {
  const network = yield* buildProgram({ ...experiment, batchSize, inputShape: [side, side, 1], classes: 10 })
  const trainer = yield* (yield* Engine).compile(network)
  const pixels = side * side
  const images = Float32Array.from({ length: iterations * batchSize * pixels }, (_, i) =>
    Math.max(0, Math.sin(i * 12.9898)),
  )
  const labels = new Float32Array(iterations * batchSize * 10)
  for (let row = 0; row < iterations * batchSize; row++) labels[row * 10 + (row % 10)] = 1
  const masks = network.dropoutMasks.map((mask) => {
    const size = mask.shape.reduce((a, b) => a * b)
    const values = new Float32Array(iterations * size)
    for (let i = 0; i < iterations; i++) fillDropoutMask(mask, i, values.subarray(i * size, (i + 1) * size))
    return [mask.feed, values] as const
  })
  const learningRate = new Float32Array(iterations).fill(0.01)
  const feeds = { images, labels, learningRate, ...Object.fromEntries(masks) }
  const { losses } = yield* trainer.train(iterations, feeds)
  const predictions = yield* trainer.predict(images.subarray(0, batchSize * pixels))
  return { losses, predictions, state: yield* trainer.state }
}, Effect.scoped)

/** The operations of a step, with the shapes of their results, sorted. */
const operationsOf = Effect.fnUntraced(function* (experiment: Experiment) {
  const options = { batchSize, inputShape: [28, 28, 1] as const, classes: 10 }
  const { feeds, step, variables } = yield* buildProgram({ ...experiment, ...options })
  const traced = trace(variables, feeds, step)
  const outputs = [...Object.values(traced.outputs), ...traced.variables.map(({ next }) => next)]
  return reachable(simplify(outputs))
    .map(({ layer, op, shape }) => `${layer}: ${op} [${shape.join()}]`)
    .sort()
}, Effect.scoped)

describe("a layer of own code", () => {
  it.effect("costs the same operations and gives the same bits as a built-in layer with the same ones", () =>
    Effect.gen(function* () {
      writeFileSync(
        join(scratch, "layers.ts"),
        `import * as tf from "@tensorflow/tfjs-core"
import { Schema } from "effect"
import { defineLayer } from "tidemark/code"
export const conv = defineLayer({
  options: Schema.Struct({ filters: Schema.Int }),
  weights: ({ filters }, [[, , channels]]) => ({
    kernel: { shape: [3, 3, channels, filters] }, bias: { shape: [filters] },
  }),
  call: ({ input, weights }) => tf.relu(tf.add(tf.conv2d(input, weights.kernel, 1, "same"), weights.bias)),
})
export const dense = defineLayer({
  options: Schema.Struct({ units: Schema.Int }),
  weights: ({ units }, [[values]]) => ({ kernel: { shape: [values, units] }, bias: { shape: [units] } }),
  call: ({ input, weights }) => tf.fused.matMul({ a: input, b: weights.kernel, bias: weights.bias }),
})
`,
      )
      const write = (name: string, convolution: string, dense: string) => {
        const file = join(scratch, `${name}.ts`)
        writeFileSync(
          file,
          `export default {
  name: "same", dataset: "mnist", loss: "softmaxCrossEntropy", batchSize: 4, budget: { iterations: 3 },
  optimizer: { kind: "adam", learningRate: 0.01 },
  model: [${convolution}, { kind: "maxPooling2d" }, { kind: "flatten" }, ${dense}],
}
`,
        )
        return file
      }
      const own = (name: string, options: string) =>
        `{ kind: "custom", name: "${name}_1", module: "./layers.ts", export: "${name}", options: ${options} }`
      const builtIn = write(
        "built-in",
        `{ kind: "conv2d", name: "conv_1", filters: 8, kernelSize: 3, padding: "same", activation: "relu" }`,
        `{ kind: "dense", name: "dense_1", units: 10 }`,
      )
      const owned = write("owned", own("conv", "{ filters: 8 }"), own("dense", "{ units: 10 }"))
      const [expectedExperiment, actualExperiment] = [yield* load(builtIn), yield* load(owned)]
      assert.deepStrictEqual(yield* operationsOf(actualExperiment), yield* operationsOf(expectedExperiment))
      for (const layer of Object.values(enginesUnderTest)) {
        const expected = yield* Effect.provide(train(expectedExperiment), layer)
        assert.deepStrictEqual(yield* Effect.provide(train(actualExperiment), layer), expected)
      }
    }),
  )

  for (const [name, side, left] of [
    // One block of attention is enough.
    ["vision-transformer", 28, [0, 1, 5, 6]],
    // A block of the identity, and one of another shape. The reference takes four times as long for whole images.
    ["residual-network", 14, [0, 1, 3, 5, 6, 7]],
  ] as const) {
    it.effect(`is computed by the engine as by the reference: ${name}`, () =>
      Effect.gen(function* () {
        const file = new URL(`../../experiments/${name}.ts`, import.meta.url)
        const whole = yield* load(fileURLToPath(file))
        const experiment = { ...whole, model: left.map((at) => whole.model[at]) }
        const expected = yield* Effect.provide(train(experiment, side), Reference.layer)
        const actual = yield* Effect.provide(
          train(experiment, side),
          Onnx.layer({ path: "portable", threads: 1 }),
        )
        assert.isBelow(relativeError(actual.losses, expected.losses), 1e-5, "losses")
        assert.isBelow(relativeError(actual.predictions, expected.predictions), 1e-4, "predictions")
      }),
    )
  }
})
