/**
 * A layer of an experiment as TensorFlow.js has it: (definition, name) -> a layer of tf.layers, with weights of zero.
 *
 * TensorFlow.js draws nothing: initial weights are assigned when the network is built.
 */
import * as tfl from "@tensorflow/tfjs-layers"
import type { Initializer, Layer, Regularizer } from "../../schemas/Model.ts"
import { FedDropout } from "./dropout.ts"
import { batchNormalization, layerNormalization } from "./normalization.ts"

export const tfLayer = (layer: Layer, name: string): tfl.layers.Layer => {
  // TensorFlow.js draws nothing: weights are zero until ours are assigned.
  const zeros = { kernelInitializer: "zeros", biasInitializer: "zeros" } as const
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
    case "separableConv2d": {
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
      // TensorFlow.js leaves the multiplier out of what it saves, and cannot load its own weights then.
      const config = separable.getConfig.bind(separable)
      const { depthMultiplier } = layer
      return Object.assign(separable, { getConfig: () => ({ ...config(), depthMultiplier }) })
    }
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
    case "dropout":
      return new FedDropout({ name, rate: layer.rate })
    case "batchNormalization":
      return batchNormalization(layer, name)
    case "layerNormalization":
      return layerNormalization(layer, name)
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

/** What the layer says of one of its weights, by the end of the weight's name; nothing: as TensorFlow.js makes it. */
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
    case "prelu":
      return { initializer: layer.alphaInitializer }
    default:
      return {}
  }
}
