/** The weights without the variables of the optimizer: (network, state) -> weights that the layers predict with. */
import type { State } from "../../engines/Engine.ts"
import type { Standalone } from "../../engines/standalone.ts"
import type { Model } from "../../schemas/experiment/Model.ts"
import { encodeSafetensors } from "../../storage/safetensors.ts"
import type { Network } from "../model/model.ts"
import { asText, type Description } from "./description.ts"

export const weightsOf = (network: Network, state: State): State => {
  const tensors = new Map(state.map((tensor) => [tensor.name, tensor]))
  return network.weights.flatMap(({ name, predictsWith }) => {
    const tensor = tensors.get(predictsWith)
    return tensor === undefined ? [] : [{ ...tensor, name }]
  })
}

/** The network with these weights, for the formats that hold its operations. */
export const standalone = (network: Network, weights: State): Standalone => {
  const { classes, inputShape, probabilities, variables } = network
  const tensors = new Map(weights.map((tensor) => [tensor.name, tensor]))
  return {
    inputShape,
    classes,
    variables,
    probabilities,
    weights: network.weights.flatMap(({ name, predictsWith }) => {
      const tensor = tensors.get(name)
      return tensor === undefined ? [] : [{ tensor, variable: predictsWith }]
    }),
  }
}

/** A safetensors file. Its metadata has the layers and the order of the axes of their weights. */
export const encodeWeights = (weights: State, model: Model, description: Description): Uint8Array =>
  encodeSafetensors({
    tensors: weights,
    metadata: {
      format: "tidemark-model-1",
      axes: "kernels of conv2d [height, width, in, out], of depthwise convolutions [height, width, in, multiplier], of dense [in, out]; an image is flattened in the order [height, width, channels]",
      ...asText({ ...description, layers: model }),
    },
  })
