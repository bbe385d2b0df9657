/** An exported network with every kind of layer predicts the same probabilities in other programs. */
import { assert, describe, it } from "@effect/vitest"
import { loadGraphModel } from "@tensorflow/tfjs-converter"
import * as tf from "@tensorflow/tfjs-core"
import { loadLayersModel } from "@tensorflow/tfjs-layers"
import { Effect, Schema } from "effect"
import * as ort from "onnxruntime-node"
import { Engine } from "../../engines/Engine.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import { Layer as ModelLayer, layers, Model } from "../../schemas/experiment/Model.ts"
import type { Described } from "../../stages/export/description.ts"
import { exportModel } from "../../stages/export/exportModel.ts"
import type { ExportedFile } from "../../stages/export/publish.ts"
import { feedsOf, images, programOf } from "../engines/training.ts"

const model = [
  layers.conv2d({ filters: 8, kernelSize: 3, padding: "same", activation: "swish", name: "stem" }),
  layers.separableConv2d({ filters: 8, kernelSize: 3, padding: "same", depthMultiplier: 2 }),
  layers.batchNormalization({ momentum: 0.5 }),
  layers.activation({ activation: "gelu" }),
  layers.depthwiseConv2d({ kernelSize: [3, 2], padding: "same", activation: "elu" }),
  layers.add({ inputs: ["stem", "depthwiseConv2d_1"], name: "sum" }),
  layers.maxPooling2d({ poolSize: 3, strides: 1, padding: "same" }),
  layers.prelu({ sharedAxes: [1, 2] }),
  layers.layerNormalization({ inputs: ["sum"] }),
  layers.concatenate({ inputs: ["prelu_1", "layerNormalization_1", "images"], name: "whole" }),
  layers.leakyReLU(),
  layers.averagePooling2d(),
  layers.upSampling2d({ interpolation: "bilinear" }),
  layers.upSampling2d({ size: [1, 2] }),
  layers.zeroPadding2d({
    padding: [
      [0, 1],
      [2, 0],
    ],
  }),
  layers.spatialDropout2d({ rate: 0.25 }),
  layers.averagePooling2d({ poolSize: 3 }),
  layers.dropout({ rate: 0.5 }),
  layers.flatten(),
  layers.dense({ units: 6, activation: "selu" }),
  layers.globalAveragePooling2d({ inputs: ["whole"] }),
  layers.globalMaxPooling2d({ inputs: ["whole"] }),
  layers.concatenate({ inputs: ["dense_1", "globalAveragePooling2d_1", "globalMaxPooling2d_1"] }),
  layers.dense({ units: 3 }),
] as const

/** Kinds of layers that TensorFlow.js does not have. */
const attention = [
  layers.embedding({ inputDim: 4, outputDim: 3 }),
  layers.conv2d({ filters: 8, kernelSize: 2, strides: 2, name: "patches" }),
  layers.positionEmbedding({ name: "stem" }),
  layers.groupNormalization({ groups: 4 }),
  layers.multiHeadAttention({ numHeads: 2, keyDim: 4 }),
  layers.add({ inputs: ["stem", "multiHeadAttention_1"] }),
  layers.flatten(),
  layers.dense({ units: 3 }),
] as const

const described: Described = {
  run: "run",
  experiment: "experiment",
  fingerprint: "",
  iteration: 3,
  dataset: "mnist",
  datasetName: "mnist",
  inputShape: [8, 8, 1],
  classes: 3,
  classNames: ["0", "1", "2"],
  loss: "softmaxCrossEntropy",
  normalization: "unit",
  table: Float32Array.from({ length: 256 }, (_, i) => i / 255),
}

const count = 11
const inputs = images(count * 64)

const trainedOf = Effect.fnUntraced(
  function* (model: (typeof Model)["Encoded"]) {
    const network = yield* programOf({ model })
    const trainer = yield* (yield* Engine).compile(network)
    yield* trainer.train(3, feedsOf(network, 3))
    const parts = {
      network,
      state: yield* trainer.state,
      model: Schema.decodeUnknownSync(Model)(model),
      described,
    }
    return { parts, probabilities: yield* trainer.predict(inputs) }
  },
  Effect.provide(Onnx.layer({ path: "portable", threads: 1 })),
)
const trained = trainedOf(model)

const assertClose = (actual: ArrayLike<number>, expected: Float32Array) => {
  assert.strictEqual(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) assert.closeTo(actual[i], expected[i], 1e-5)
}

/** A graph model of `files`, as a web page loads it. */
const graphModelOf = (files: ReadonlyArray<ExportedFile>) =>
  Effect.promise(() => {
    const { weightsManifest, ...json } = JSON.parse(new TextDecoder().decode(files[0].bytes))
    assert.deepStrictEqual(weightsManifest[0].paths, [files[1].name])
    const artifacts = {
      ...json,
      weightSpecs: weightsManifest[0].weights,
      weightData: Uint8Array.from(files[1].bytes).buffer,
    }
    return loadGraphModel(tf.io.fromMemory(artifacts))
  })

describe("an exported network with every kind of layer", () => {
  it("has every kind of layer", () => {
    // Layers of own code have tests of their own.
    const kinds = ModelLayer.members
      .map(({ fields }) => fields.kind.literal)
      .filter((kind) => kind !== "custom")
    const tested = [...model, ...attention].map(({ kind }) => kind)
    assert.deepStrictEqual([...new Set(tested)].sort(), [...kinds].sort())
  })

  for (const [name, each] of [
    ["", model],
    [", with layers that TensorFlow.js does not have", attention],
  ] as const) {
    it.effect(`predicts the same in ONNX Runtime, with standard operators and any batch size${name}`, () =>
      Effect.gen(function* () {
        const { parts, probabilities } = yield* trainedOf(each)
        const [{ bytes }] = yield* exportModel("onnx", parts)
        assert.notInclude(Buffer.from(bytes).toString("latin1"), "com.microsoft")
        const session = yield* Effect.promise(() => ort.InferenceSession.create(bytes))
        for (const [from, until] of [
          [0, 1],
          [1, count],
        ]) {
          const part = new ort.Tensor("float32", inputs.slice(from * 64, until * 64), [until - from, 8, 8, 1])
          const outputs = yield* Effect.promise(() => session.run({ images: part }))
          assertClose(outputs.probabilities.data as Float32Array, probabilities.slice(from * 3, until * 3))
        }
        yield* Effect.promise(() => session.release())
      }).pipe(Effect.scoped),
    )

    it.effect(`predicts the same as a graph model of TensorFlow.js, with any batch size${name}`, () =>
      Effect.gen(function* () {
        const { parts, probabilities } = yield* trainedOf(each)
        const loaded = yield* graphModelOf(yield* exportModel("tfjs-graph-model", parts))
        assert.deepStrictEqual(
          loaded.inputs.map(({ name, shape }) => [name, shape]),
          [["images", [-1, 8, 8, 1]]],
        )
        for (const [from, until] of [
          [0, 1],
          [1, count],
        ]) {
          const part = inputs.slice(from * 64, until * 64)
          const outputs = tf.tidy(() => {
            const images = tf.tensor4d(part, [until - from, 8, 8, 1])
            return (loaded.predict(images) as tf.Tensor).dataSync()
          })
          assertClose(outputs, probabilities.slice(from * 3, until * 3))
        }
        loaded.dispose()
      }).pipe(Effect.scoped),
    )
  }

  it.effect("describes itself in a graph model, which names the probabilities", () =>
    Effect.gen(function* () {
      const { parts } = yield* trainedOf(attention)
      const [{ bytes }] = yield* exportModel("tfjs-graph-model", parts)
      const { format, signature, userDefinedMetadata } = JSON.parse(new TextDecoder().decode(bytes))
      assert.strictEqual(format, "graph-model")
      assert.deepStrictEqual(Object.keys(signature.outputs), ["probabilities"])
      assert.deepStrictEqual(userDefinedMetadata.classes, ["0", "1", "2"])
      assert.match(userDefinedMetadata.output, /^probabilities, /)
    }).pipe(Effect.scoped),
  )

  it.effect("has sigmoids in TensorFlow.js if its loss is sigmoidCrossEntropy", () =>
    Effect.gen(function* () {
      const model = [layers.flatten(), layers.dense({ units: 3 })] as const
      const network = yield* programOf({ model, loss: "sigmoidCrossEntropy" })
      const trainer = yield* (yield* Engine).compile(network)
      const parts = {
        network,
        state: yield* trainer.state,
        model: Schema.decodeUnknownSync(Model)(model),
        described: { ...described, loss: "sigmoidCrossEntropy" as const },
      }
      const files = yield* exportModel("tfjs", parts)
      const json = JSON.parse(new TextDecoder().decode(files[0].bytes))
      assert.match(
        json.userDefinedMetadata.output,
        /^scores, .*; probabilities are the scores divided by their sum$/,
      )
      const loaded = yield* Effect.promise(() =>
        loadLayersModel(
          tf.io.fromMemory({
            modelTopology: json.modelTopology,
            weightSpecs: json.weightsManifest[0].weights,
            weightData: Uint8Array.from(files[1].bytes).buffer,
          }),
        ),
      )
      const logits = yield* trainer.predict(inputs)
      const outputs = tf.tidy(() => [
        ...(loaded.predict(tf.tensor4d(inputs, [count, 8, 8, 1])) as tf.Tensor).dataSync(),
      ])
      assertClose(
        outputs,
        logits.map((logit) => 1 / (1 + Math.exp(-logit))),
      )
      loaded.dispose()
    }).pipe(Effect.scoped, Effect.provide(Onnx.layer({ path: "portable", threads: 1 }))),
  )

  it.effect("cannot be in the layers format if TensorFlow.js does not have a layer", () =>
    Effect.gen(function* () {
      const { parts } = yield* trainedOf(attention)
      const refused = yield* Effect.flip(exportModel("tfjs", parts))
      assert.include(refused.message, "layer embedding_1 is embedding, which the layers format")
      assert.include(refused.message, "use --format tfjs-graph-model or onnx")
    }).pipe(Effect.scoped),
  )

  it.effect("predicts the same in TensorFlow.js", () =>
    Effect.gen(function* () {
      const { parts, probabilities } = yield* trained
      const files = yield* exportModel("tfjs", parts)
      const json = JSON.parse(new TextDecoder().decode(files[0].bytes))
      const loaded = yield* Effect.promise(() =>
        loadLayersModel(
          tf.io.fromMemory({
            modelTopology: json.modelTopology,
            weightSpecs: json.weightsManifest[0].weights,
            weightData: Uint8Array.from(files[1].bytes).buffer,
          }),
        ),
      )
      const outputs = tf.tidy(() => [
        ...(loaded.predict(tf.tensor4d(inputs, [count, 8, 8, 1])) as tf.Tensor).dataSync(),
      ])
      assertClose(outputs, probabilities)
      loaded.dispose()
    }).pipe(Effect.scoped),
  )
})
