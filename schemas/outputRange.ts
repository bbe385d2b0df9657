/**
 * Whether a network's outputs lie in [0, 1]: (model) -> the layer at the end where they need not, or undefined.
 *
 * Known from the definition alone: sigmoids do, and what picks, averages or joins values in [0, 1] keeps them there.
 */
import type { Layer, Model } from "./Model.ts"
import { imagesName, layerInputs, layerNames } from "./shapes.ts"

const staysWithin = (layer: Layer, inputs: ReadonlyArray<boolean>): boolean => {
  switch (layer.kind) {
    case "conv2d":
    case "depthwiseConv2d":
    case "separableConv2d":
    case "dense":
      return layer.activation === "sigmoid"
    case "activation":
      // The others are not the identity on [0, 1], and some lead out of it.
      return (
        layer.activation === "sigmoid" ||
        (["linear", "relu"].includes(layer.activation) && inputs.every((within) => within))
      )
    case "batchNormalization":
    case "layerNormalization":
    case "add":
      return false
    case "maxPooling2d":
    case "averagePooling2d":
    case "globalAveragePooling2d":
    case "globalMaxPooling2d":
    case "flatten":
    case "dropout":
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
