/**
 * A trained network as a graph model of TensorFlow.js: (network, weights, description) -> model.json and weights.bin.
 *
 * `tf.loadGraphModel` loads it. It holds operations and no classes of layers, so it can hold every layer.
 */
import { Effect } from "effect"
import type { State } from "../../engines/Engine.ts"
import { encodeGraphModel } from "../../engines/tensorflow/graphModel.ts"
import { version } from "../../schemas/version.ts"
import type { Network } from "../model/model.ts"
import type { Description } from "./description.ts"
import { standalone } from "./weights.ts"

const weightsFile = "weights.bin"

export const encodeGraphModelFiles = Effect.fn("encodeGraphModelFiles")(function* (
  network: Network,
  weights: State,
  description: Description,
) {
  const { modelTopology, signature, weightData, weightSpecs } = yield* encodeGraphModel(
    standalone(network, weights),
  )
  const json = {
    format: "graph-model",
    generatedBy: `tidemark ${version}`,
    convertedBy: null,
    modelTopology,
    signature,
    weightsManifest: [{ paths: [weightsFile], weights: weightSpecs }],
    userDefinedMetadata: description,
  }
  return [
    { name: "model.json", bytes: new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`) },
    { name: weightsFile, bytes: weightData },
  ]
})
