/**
 * A trained network as TensorFlow.js saves it: (network, weights, description) -> model.json and weights.bin.
 *
 * `tf.loadLayersModel` loads it. A network with logits gets a softmax or sigmoid layer at the end. If probabilities are outputs divided by
 * their sum, the user has to divide, because TensorFlow.js has no layer for that.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { Effect } from "effect"
import type { State } from "../../engines/Engine.ts"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import type { Network } from "../model/model.ts"
import type { Description } from "./description.ts"

const weightsFile = "weights.bin"

const withProbabilities = (model: tfl.LayersModel, loss: Loss) => {
  if (loss === "meanSquaredError") return model
  const [title, activation] =
    loss === "sigmoidCrossEntropy"
      ? (["scores", "sigmoid"] as const)
      : (["probabilities", "softmax"] as const)
  // TensorFlow.js refuses two layers of one name, and a layer of the experiment may have any.
  const taken = new Set(model.layers.map(({ name }) => name))
  let name: string = title
  for (let number = 1; taken.has(name); number++) name = `${title}_${number}`
  const last = tfl.layers.activation({ activation, name })
  return tfl.model({
    inputs: model.inputs,
    outputs: last.apply(model.outputs[0]) as tfl.SymbolicTensor,
  })
}

export const encodeLayersModel = Effect.fn("encodeLayersModel")(function* (
  network: Network,
  loss: Loss,
  weights: State,
  description: Description,
) {
  const artifacts = yield* Effect.promise(async () => {
    useCpuBackend()
    tf.tidy(() => {
      for (const { data, name, shape } of weights) {
        network.variables.find((variable) => variable.name === name)?.assign(tf.tensor(data, [...shape]))
      }
    })
    const model = withProbabilities(network.layersModel, loss)
    model.setUserDefinedMetadata(description)
    let saved: tf.io.ModelArtifacts | undefined
    await model.save({
      save: (given) => {
        saved = given
        return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(given) })
      },
    })
    if (saved === undefined) throw new Error("cannot save the model: TensorFlow.js returned no artifacts")
    return saved
  })
  const { generatedBy, modelTopology, userDefinedMetadata, weightSpecs } = artifacts
  const json = {
    format: "layers-model",
    generatedBy,
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: [weightsFile], weights: weightSpecs }],
    userDefinedMetadata,
  }
  const data = artifacts.weightData ?? []
  const bytes = Buffer.concat((Array.isArray(data) ? data : [data]).map((part) => new Uint8Array(part)))
  return [
    { name: "model.json", bytes: new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`) },
    { name: weightsFile, bytes: new Uint8Array(bytes) },
  ]
})
