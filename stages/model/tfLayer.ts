/**
 * A layer of an experiment in TensorFlow.js: (definition, name) -> a layer of tf.layers whose weights are 0.
 *
 * Initial weights are assigned when the network is built: the initializers of TensorFlow.js are not used.
 */
import * as tfl from "@tensorflow/tfjs-layers"
import type { Layer } from "../../schemas/experiment/Model.ts"
import type { Initializer, Regularizer } from "../../schemas/experiment/weights.ts"
import { MultiHeadAttention } from "./attention.ts"
import { LevelEmbedding, PositionEmbedding } from "./embedding.ts"
import { FedDropout, spatialNoise } from "./dropout.ts"
import { batchNormalization, GroupNormalization, layerNormalization } from "./normalization.ts"

const zeros = { kernelInitializer: "zeros", biasInitializer: "zeros" } as const

/** Layers of own code: `ownLayer.ts`. */
type BuiltIn = Exclude<Layer, { readonly kind: "custom" }>
type Depthwise = Extract<Layer, { readonly kind: "depthwiseConv2d" | "separableConv2d" }>

const depthwise = (layer: Depthwise, name: string): tfl.layers.Layer => {
  const options = {
    name,
    kernelSize: [...layer.kernelSize] as [number, number],
    strides: [...layer.strides] as [number, number],
    padding: layer.padding,
    depthMultiplier: layer.depthMultiplier,
    activation: layer.activation,
    useBias: layer.useBias,
    depthwiseInitializer: "zeros",
    biasInitializer: "zeros",
  } as const
  if (layer.kind === "depthwiseConv2d") return tfl.layers.depthwiseConv2d(options)
  const separable = tfl.layers.separableConv2d({
    ...options,
    filters: layer.filters,
    pointwiseInitializer: "zeros",
  })
  // TensorFlow.js omits the multiplier when it saves the layer, and then cannot load its own weights.
  const config = separable.getConfig.bind(separable)
  const { depthMultiplier } = layer
  return Object.assign(separable, { getConfig: () => ({ ...config(), depthMultiplier }) })
}

const marginsOf = ({ padding: [rows, columns] }: Extract<Layer, { readonly kind: "zeroPadding2d" }>) =>
  [[...rows], [...columns]] as [[number, number], [number, number]]

export const tfLayer = (layer: BuiltIn, name: string): tfl.layers.Layer => {
  switch (layer.kind) {
    case "conv2d":
      return tfl.layers.conv2d({
        name,
        filters: layer.filters,
        kernelSize: [...layer.kernelSize],
        strides: [...layer.strides],
        padding: layer.padding,
        activation: layer.activation,
        useBias: layer.useBias,
        ...zeros,
      })
    case "depthwiseConv2d":
    case "separableConv2d":
      return depthwise(layer, name)
    case "dense":
      return tfl.layers.dense({
        name,
        units: layer.units,
        activation: layer.activation,
        useBias: layer.useBias,
        ...zeros,
      })
    case "maxPooling2d":
    case "averagePooling2d":
      return tfl.layers[layer.kind]({
        name,
        poolSize: [...layer.poolSize],
        strides: [...(layer.strides ?? layer.poolSize)],
        padding: layer.padding,
      })
    case "globalAveragePooling2d":
    case "globalMaxPooling2d":
      return tfl.layers[layer.kind]({ name, dataFormat: "channelsLast" })
    case "flatten":
      return tfl.layers.flatten({ name })
    case "zeroPadding2d":
      return tfl.layers.zeroPadding2d({ name, padding: marginsOf(layer), dataFormat: "channelsLast" })
    case "upSampling2d":
      return tfl.layers.upSampling2d({
        name,
        size: [...layer.size],
        interpolation: layer.interpolation,
        dataFormat: "channelsLast",
      })
    case "dropout":
      return new FedDropout({ name, rate: layer.rate })
    case "spatialDropout2d":
      return new FedDropout({ name, rate: layer.rate, noiseShape: spatialNoise })
    case "batchNormalization":
      return batchNormalization(layer, name)
    case "layerNormalization":
      return layerNormalization(layer, name)
    case "groupNormalization":
      return new GroupNormalization(layer, name)
    case "embedding":
      return new LevelEmbedding(layer, name)
    case "positionEmbedding":
      return new PositionEmbedding(name)
    case "multiHeadAttention":
      return new MultiHeadAttention(layer, name)
    case "activation":
      return tfl.layers.activation({ name, activation: layer.activation })
    case "leakyReLU":
      return tfl.layers.leakyReLU({ name, alpha: layer.alpha })
    case "add":
    case "concatenate":
      return tfl.layers[layer.kind]({ name })
    case "prelu":
      return tfl.layers.prelu({ name, ...(layer.sharedAxes && { sharedAxes: [...layer.sharedAxes] }) })
  }
}

interface WeightOptions {
  readonly initializer?: Initializer
  readonly regularizer?: Regularizer | undefined
}

/**
 * The options of a weight of a layer, by the last part of its name. A weight without options stays as TensorFlow.js
 * initializes it.
 */
export const weightOptions = (layer: Layer, weight: string): WeightOptions => {
  switch (layer.kind) {
    case "conv2d":
    case "dense":
      return weight === "kernel"
        ? { initializer: layer.kernelInitializer, regularizer: layer.kernelRegularizer }
        : { initializer: layer.biasInitializer }
    case "depthwiseConv2d":
    case "separableConv2d":
      if (layer.kind === "separableConv2d" && weight === "pointwise_kernel") {
        return { initializer: layer.pointwiseInitializer, regularizer: layer.pointwiseRegularizer }
      }
      return weight === "depthwise_kernel"
        ? { initializer: layer.depthwiseInitializer, regularizer: layer.depthwiseRegularizer }
        : { initializer: layer.biasInitializer }
    case "embedding":
    case "positionEmbedding":
      return { initializer: layer.embeddingsInitializer, regularizer: layer.embeddingsRegularizer }
    case "prelu":
      return { initializer: layer.alphaInitializer }
    case "multiHeadAttention":
      return weight.endsWith("kernel")
        ? { initializer: layer.kernelInitializer, regularizer: layer.kernelRegularizer }
        : { initializer: layer.biasInitializer }
    default:
      return {}
  }
}
