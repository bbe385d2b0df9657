import { assert, describe, it } from "@effect/vitest"
import type * as tf from "@tensorflow/tfjs-core"
import { Effect, Schema } from "effect"
import sharp from "sharp"
import { Gate } from "../../../schemas/experiment/Gate.ts"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { eventOpening } from "../../../stages/train/eventOpening.ts"
import type { LoadedDataset } from "../../../stages/dataset/load.ts"
import { buildProgram } from "../../../stages/model/model.ts"
import { layers, Model } from "../../../schemas/experiment/Model.ts"
import { networkGraph } from "../../../stages/model/networkGraph.ts"
import { sampleImages } from "../../../stages/dataset/sampleImages.ts"
import { encodeGraph } from "../../../storage/tensorboard/proto.ts"
import { hyperparameters } from "../../../storage/tensorboard/session.ts"
import tiny from "../../fixtures/tiny.ts"

const experiment = Schema.decodeUnknownSync(Experiment)(tiny)
const program = buildProgram({ ...experiment, inputShape: [28, 28, 1], classes: 10 })

/** Eight images of 2×3 whose classes are 2, 1, 0, 2, 1, 0, …; every byte has another value. */
const dataset = (channels: number): LoadedDataset => ({
  name: "small",
  classes: 3,
  imageShape: [2, 3, channels],
  images: Uint8Array.from({ length: 8 * 6 * channels }, (_, i) => i),
  labels: Int32Array.from({ length: 8 }, (_, i) => 2 - (i % 3)),
  trainExamples: 8,
  testExamples: 0,
})
const train = Uint32Array.of(1, 3, 4, 5, 6)

describe("the graph of a network", () => {
  it.effect("has a scope for each layer, which holds its weights and operations", () =>
    Effect.gen(function* () {
      const { node } = yield* networkGraph(yield* program)
      const names = node.map(({ name }) => name)
      assert.strictEqual(new Set(names).size, names.length)
      for (const { input, name } of node) {
        for (const from of input) assert.include(names.slice(0, names.indexOf(name)), from)
      }
      assert.includeMembers(names, [
        "images",
        "conv2d_1/kernel",
        "conv2d_1/Conv2D",
        "conv2d_1/Relu",
        "maxPooling2d_1/MaxPool",
        "batchNormalization_1/moving_variance",
        "dense_1/MatMul",
        "loss/Softmax",
      ])
      // Neither dropout nor the optimizer has a part in prediction.
      const scopes = new Set(names.filter((name) => name.includes("/")).map((name) => name.split("/")[0]))
      assert.deepStrictEqual([...scopes].sort(), [
        "batchNormalization_1",
        "conv2d_1",
        "dense_1",
        "flatten_1",
        "loss",
        "maxPooling2d_1",
      ])
      const convolution = node.find(({ name }) => name === "conv2d_1/Conv2D")
      assert.deepStrictEqual(convolution?.input, ["images", "conv2d_1/kernel"])
      assert.deepStrictEqual(convolution?.attr.strides, { list: { i: [1, 2, 2, 1] } })
      assert.deepStrictEqual(convolution?.attr._output_shapes, {
        list: { shape: [{ dim: [30, 14, 14, 8].map((size) => ({ size })) }] },
      })
    }),
  )

  it.effect("is the same bytes when it is made again", () =>
    Effect.gen(function* () {
      const once = encodeGraph(yield* networkGraph(yield* program))
      const again = encodeGraph(yield* networkGraph(yield* program))
      assert.deepStrictEqual(again, once)
    }),
  )

  it.effect("shows layers that read several others", () =>
    Effect.gen(function* () {
      const model = Schema.decodeUnknownSync(Model)([
        layers.conv2d({ filters: 2, kernelSize: 1, name: "stem" }),
        layers.depthwiseConv2d({ kernelSize: 3, padding: "same", name: "change" }),
        layers.add({ inputs: ["stem", "change"] }),
        layers.concatenate({ inputs: ["images", "add_1"] }),
        layers.flatten(),
        layers.dense({ units: 10 }),
      ])
      const { node } = yield* networkGraph(
        yield* buildProgram({ ...experiment, model, inputShape: [8, 8, 1], classes: 10 }),
      )
      const inputs = Object.fromEntries(node.map(({ input, name }) => [name, input]))
      assert.strictEqual(inputs["change/DepthwiseConv2dNative"][0], "stem/Add")
      assert.deepStrictEqual(inputs["add_1/Add"], ["stem/Add", "change/Add"])
      assert.deepStrictEqual(inputs["concatenate_1/ConcatV2"], ["images", "add_1/Add"])
    }),
  )

  it.effect("is omitted if the network cannot be traced", () =>
    Effect.gen(function* () {
      const network = yield* program
      const readsItself = {
        ...network,
        predict: (images: tf.Tensor4D) => {
          images.dataSync()
          return network.predict(images)
        },
      }
      const opening = yield* eventOpening({ experiment, network: readsItself, dataset: dataset(1), train })
      assert.isFalse(opening.some((content) => "graphDef" in content))
      assert.lengthOf(opening, 4)
    }),
  )
})

describe("sample images", () => {
  it.effect.each([1, 3])(
    "of %i channels are the first image of each class in the train split, to the pixel",
    (channels) =>
      Effect.gen(function* () {
        const images = yield* sampleImages(dataset(channels), train)
        assert.deepStrictEqual(
          images.map(({ tag }) => tag),
          ["examples/class_0", "examples/class_1", "examples/class_2"],
        )
        // The first examples of these classes: 5, 1, 3.
        for (const [i, example] of [5, 1, 3].entries()) {
          const sample = images[i]
          assert.isTrue("image" in sample)
          if (!("image" in sample)) return
          const { encodedImageString, ...size } = sample.image
          assert.deepStrictEqual(size, { height: 2, width: 3, colorspace: channels })
          // The colour type of a PNG: gray or RGB.
          assert.strictEqual(encodedImageString[25], channels === 1 ? 0 : 2)
          const data = yield* Effect.promise(() =>
            sharp(encodedImageString)
              .toColourspace(channels === 1 ? "b-w" : "srgb")
              .raw()
              .toBuffer(),
          )
          const pixels = 6 * channels
          assert.deepStrictEqual(
            [...data],
            Array.from({ length: pixels }, (_, p) => example * pixels + p),
          )
        }
      }),
  )

  it.effect("of two channels are omitted, because they cannot be drawn", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* sampleImages(dataset(2), train), [])
    }),
  )
})

const decodeGate = Schema.decodeUnknownSync(Gate)

describe("hyperparameters", () => {
  it("are all settings that affect the result, one scalar each, layers by name", () => {
    const found = Object.fromEntries(
      hyperparameters({ ...experiment, gate: decodeGate({ leastAccuracy: 0.98 }) }),
    )
    assert.deepInclude(found, {
      dataset: "mnist",
      batchSize: 30,
      seed: 0,
      "budget/iterations": 200,
      "optimizer/kind": "adamw",
      "optimizer/learningRate/value": 0.003,
      "split/validation": 500,
      "conv2d_1/filters": 8,
      "conv2d_1/strides": "2x2",
      "conv2d_1/useBias": true,
      "dropout_1/rate": 0.25,
    })
    const model = Schema.decodeUnknownSync(Model)([layers.add({ inputs: ["images", "images"] })])
    assert.deepInclude(Object.fromEntries(hyperparameters({ ...experiment, model })), {
      "add_1/inputs": "images, images",
    })
    for (const name of ["name", "description", "gate/leastAccuracy", "checkpointEvery", "keepCheckpoints"]) {
      assert.notProperty(found, name)
    }
  })
})
