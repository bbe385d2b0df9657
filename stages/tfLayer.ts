/**
 * A layer of an experiment as TensorFlow.js has it: (definition, name) -> a layer of tf.layers, with weights of zero.
 *
 * TensorFlow.js draws nothing: initial weights are assigned when the network is built.
 */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import type { Initializer, Layer } from "../schemas/Model.ts"
import { FedDropout } from "./dropout.ts"

type Defined<K extends Layer["kind"]> = Extract<Layer, { readonly kind: K }>

/**
 * (x - mean)/sqrt(variance + ε)·gamma + beta over the last axis: Ba, Kiros and Hinton, Layer normalization (2016).
 *
 * The computation is ours: TensorFlow.js repeats mean and variance to the size of the image, and the gradient of that
 * takes as many slices as the image has pixels.
 */
const layerNormalization = (
  { center, epsilon, scale }: Defined<"layerNormalization">,
  name: string,
): tfl.layers.Layer => {
  const layer = tfl.layers.layerNormalization({ name, center, epsilon, scale })
  const call = (inputs: tf.Tensor | Array<tf.Tensor>) =>
    tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0] : inputs
      const { mean, variance } = tf.moments(x, -1, true)
      const normal = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)))
      const weights = layer.weights.map((weight) => weight.read())
      const scaled = scale ? tf.mul(normal, weights[0]) : normal
      return center ? tf.add(scaled, weights[weights.length - 1]) : scaled
    })
  return Object.assign(layer, { call })
}

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
      return layer.kind === "depthwiseConv2d"
        ? tfl.layers.depthwiseConv2d(options)
        : tfl.layers.separableConv2d({ ...options, filters: layer.filters, pointwiseInitializer: "zeros" })
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
    case "batchNormalization": {
      const { center, epsilon, momentum, scale } = layer
      return tfl.layers.batchNormalization({ name, center, epsilon, momentum, scale })
    }
    case "layerNormalization":
      return layerNormalization(layer, name)
    case "activation":
      return tfl.layers.activation({ name, activation: layer.activation })
    case "leakyReLU":
      return tfl.layers.leakyReLU({ name, alpha: layer.alpha })
    case "prelu":
      return tfl.layers.prelu({ name, ...(layer.sharedAxes && { sharedAxes: [...layer.sharedAxes] }) })
  }
}

/** The initializer of a weight, by the end of its name; without one it is as TensorFlow.js makes it. */
export const initializerOf = (layer: Layer, weight: string): Initializer | undefined => {
  switch (layer.kind) {
    case "conv2d":
    case "dense":
      return weight === "bias" ? layer.biasInitializer : layer.kernelInitializer
    case "depthwiseConv2d":
      return weight === "bias" ? layer.biasInitializer : layer.depthwiseInitializer
    case "separableConv2d":
      if (weight === "pointwise_kernel") return layer.pointwiseInitializer
      return weight === "bias" ? layer.biasInitializer : layer.depthwiseInitializer
    case "prelu":
      return layer.alphaInitializer
    default:
      return undefined
  }
}
