/**
 * Checks that the outputs of a network lie in [0, 1]: (model) -> the last layer if its outputs may be outside, else
 * undefined.
 *
 * Decided from the definition only: outputs of sigmoids are inside, and layers that select, average or join values in [0, 1]
 * keep them inside.
 */
import type { Layer, Model } from "./Model.ts"
import { imagesName } from "./layerShape.ts"
import { layerInputs, layerNames } from "./shapes.ts"

const staysWithin = (layer: Layer, inputs: ReadonlyArray<boolean>): boolean => {
  switch (layer.kind) {
    case "conv2d":
    case "depthwiseConv2d":
    case "separableConv2d":
    case "dense":
      return layer.activation === "sigmoid"
    case "activation":
      // The other activations are not the identity on [0, 1], and some give values outside.
      return (
        layer.activation === "sigmoid" ||
        (["linear", "relu"].includes(layer.activation) && inputs.every((within) => within))
      )
    case "batchNormalization":
    case "layerNormalization":
    case "groupNormalization":
    case "embedding":
    case "positionEmbedding":
    case "multiHeadAttention":
    case "add":
    case "custom":
      return false
    case "maxPooling2d":
    case "averagePooling2d":
    case "globalAveragePooling2d":
    case "globalMaxPooling2d":
    case "zeroPadding2d":
    case "upSampling2d":
    case "flatten":
    case "dropout":
    case "spatialDropout2d":
    case "leakyReLU":
    case "prelu":
    case "concatenate":
      return inputs.every((within) => within)
  }
}

export const outputBeyondUnit = (model: Model) => {
  const names = layerNames(model)
  const inputs = layerInputs(model)
  const within = new Map([[imagesName, false]])
  for (const [i, layer] of model.entries()) {
    const given = inputs[i].map((name) => within.get(name) === true)
    within.set(names[i], staysWithin(layer, given))
  }
  const index = model.length - 1
  return within.get(names[index]) === true ? undefined : { index, name: names[index], layer: model[index] }
}
