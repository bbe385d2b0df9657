/** Exports a trained model to the format of another program: (network, state, format) -> files. */
import { Effect, Schema } from "effect"
import type { State } from "../../engines/Engine.ts"
import type { Model } from "../../schemas/experiment/Model.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { Network } from "../model/model.ts"
import { type Described, describe } from "./description.ts"
import type { ExportFormat } from "./formats.ts"
import type { ExportedFile } from "./publish.ts"
import { encodeGraphModelFiles } from "./graphModel.ts"
import { encodeLayersModel } from "./layersModel.ts"
import { encodeOnnxModel } from "./onnxModel.ts"
import { encodeWeights, weightsOf } from "./weights.ts"

/** The layers format names classes of TensorFlow.js, and it has none for this part. */
export class LayersFormatImpossible extends Failure<LayersFormatImpossible>()("LayersFormatImpossible", {
  exitCode: "dataError",
  fields: { run: Schema.String, part: Schema.String },
  message: ({ part, run }) =>
    `cannot export ${run} to tfjs: ${part}, which the layers format of TensorFlow.js cannot hold; use --format tfjs-graph-model or onnx, which hold its operations`,
}) {}

export const exportModel = Effect.fn("exportModel")(function* (
  format: ExportFormat,
  trained: {
    readonly network: Network
    readonly state: State
    readonly model: Model
    readonly described: Described
  },
) {
  const { described, model, network, state } = trained
  const weights = weightsOf(network, state)
  const { loss } = described
  const isOfScores = loss === "meanSquaredError" || loss === "sigmoidCrossEntropy"
  const scores = isOfScores ? ("scores" as const) : ("probabilities" as const)
  switch (format) {
    case "tfjs":
      if (network.beyondLayersFormat !== undefined) {
        return yield* new LayersFormatImpossible({ run: described.run, part: network.beyondLayersFormat })
      }
      return yield* encodeLayersModel(network, described.loss, weights, describe(described, scores))
    case "tfjs-graph-model":
      return yield* encodeGraphModelFiles(network, weights, describe(described, "probabilities"))
    case "onnx": {
      const bytes = yield* encodeOnnxModel(network, weights, describe(described, "probabilities"))
      return [{ name: "model.onnx", bytes }] satisfies ReadonlyArray<ExportedFile>
    }
    case "safetensors":
      return [
        { name: "model.safetensors", bytes: encodeWeights(weights, model, describe(described, scores)) },
      ] satisfies ReadonlyArray<ExportedFile>
  }
})
