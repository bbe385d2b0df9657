/** A trained network as one ONNX file: (network, weights, description) -> bytes. The onnx engine encodes it. */
import { Effect } from "effect"
import type { State } from "../../engines/Engine.ts"
import { encodeStandaloneModel } from "../../engines/onnx/standaloneModel.ts"
import type { Network } from "../model/model.ts"
import { asText, type Description } from "./description.ts"

export const encodeOnnxModel = Effect.fn("encodeOnnxModel")(function* (
  network: Network,
  weights: State,
  description: Description,
) {
  const { classes, inputShape, probabilities, variables } = network
  const tensors = new Map(weights.map((tensor) => [tensor.name, tensor]))
  return yield* encodeStandaloneModel({
    inputShape,
    classes,
    variables,
    probabilities,
    weights: network.weights.flatMap(({ name, predictsWith }) => {
      const tensor = tensors.get(name)
      return tensor === undefined ? [] : [{ tensor, variable: predictsWith }]
    }),
    metadata: asText(description),
  })
})
