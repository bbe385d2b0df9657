/** Layers may have the names that engines and exported files use themselves. */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { loadLayersModel } from "@tensorflow/tfjs-layers"
import { Effect, Result, Schema } from "effect"
import * as ort from "onnxruntime-node"
import { Engine } from "../../engines/Engine.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import { layers, Model } from "../../schemas/experiment/Model.ts"
import { inferShapes } from "../../schemas/experiment/shapes.ts"
import type { Described } from "../../stages/export/description.ts"
import { exportFormats } from "../../stages/export/formats.ts"
import { exportModel } from "../../stages/export/exportModel.ts"
import { decodeSafetensors } from "../../storage/safetensors.ts"
import { feedsOf, images, programOf } from "../engines/training.ts"

const described: Described = {
  run: "run",
  experiment: "experiment",
  fingerprint: "",
  iteration: 1,
  dataset: "mnist",
  datasetName: "mnist",
  inputShape: [8, 8, 1],
  classes: 3,
  classNames: ["0", "1", "2"],
  loss: "softmaxCrossEntropy",
  normalization: "unit",
  table: Float32Array.from({ length: 256 }, (_, i) => i / 255),
}
const inputs = images(64)

/** Names of inputs, outputs, feeds, variables and scopes. */
const models = [
  ["probabilities", "probabilities_1"],
  ["probabilities_1", "probabilities"],
  ["output", "input"],
  ["labels", "loss"],
  ["learningRate", "average"],
  ["batch", "softmax"],
  ["kernel", "mask"],
  ["mask", "tidemark"],
] as const

describe("layers with the names of an exported model's own parts", () => {
  it.effect.each(models)("are trained and exported in every format (case %#)", ([first, last]) =>
    Effect.gen(function* () {
      const model = [
        layers.flatten(),
        layers.dropout({ rate: 0.5, name: first }),
        layers.dense({ units: 3, name: last }),
      ]
      const network = yield* programOf({ model })
      const trainer = yield* (yield* Engine).compile(network)
      yield* trainer.train(1, feedsOf(network, 1))
      const state = yield* trainer.state
      const expected = yield* trainer.predict(inputs)
      const parts = { network, state, model: Schema.decodeUnknownSync(Model)(model), described }
      const exported = Object.fromEntries(
        yield* Effect.forEach(exportFormats, (format) =>
          Effect.map(exportModel(format, parts), (files) => [format, files] as const),
        ),
      )

      const json = JSON.parse(new TextDecoder().decode(exported.tfjs[0].bytes))
      const loaded = yield* Effect.promise(() =>
        loadLayersModel(
          tf.io.fromMemory({
            modelTopology: json.modelTopology,
            weightSpecs: json.weightsManifest[0].weights,
            weightData: Uint8Array.from(exported.tfjs[1].bytes).buffer,
          }),
        ),
      )
      const fromTfjs = tf.tidy(() => [
        ...(loaded.predict(tf.tensor4d(inputs, [1, 8, 8, 1])) as tf.Tensor).dataSync(),
      ])
      loaded.dispose()

      const session = yield* Effect.promise(() => ort.InferenceSession.create(exported.onnx[0].bytes))
      const fed = { images: new ort.Tensor("float32", inputs, [1, 8, 8, 1]) }
      const { probabilities } = yield* Effect.promise(() => session.run(fed))
      yield* Effect.promise(() => session.release())

      for (const found of [fromTfjs, probabilities.data as Float32Array]) {
        for (const [i, value] of expected.entries()) assert.closeTo(found[i], value, 1e-5)
      }
      const tensors = Result.getOrThrow(decodeSafetensors(exported.safetensors[0].bytes)).tensors
      assert.deepStrictEqual(
        tensors.map(({ name }) => name),
        [`${last}/kernel`, `${last}/bias`],
      )
    }).pipe(Effect.provide(Onnx.layer({ path: "portable", threads: 1 })), Effect.scoped),
  )

  it.each(["images", "constructor", "toString"])("are refused if their name is %s", (name) => {
    const model = Schema.decodeUnknownSync(Model)([layers.flatten({ name }), layers.dense({ units: 3 })])
    const shapes = inferShapes(model, [8, 8, 1], 3)
    assert.isTrue(Result.isFailure(shapes))
    if (Result.isFailure(shapes)) assert.include(shapes.failure.message, "rename")
  })
})
