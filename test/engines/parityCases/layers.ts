/** Pooling, normalization, dropout and activations. */
import { Activation } from "../../../schemas/experiment/layerFields.ts"
import { layers } from "../../../schemas/experiment/Model.ts"
import { initializers, regularizers } from "../../../schemas/experiment/weights.ts"
import type { Case } from "../training.ts"
import { head } from "./head.ts"

export const layerCases: Readonly<Record<string, Case>> = {
  "pooling of odd images": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
      layers.maxPooling2d(),
      ...head,
    ],
    inputShape: [7, 9, 1],
  },
  "overlapping pooling, padded": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
      layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      ...head,
    ],
  },
  "overlapping pooling, not padded": {
    model: [
      layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }),
      layers.maxPooling2d({ poolSize: [3, 2], strides: [1, 2] }),
      ...head,
    ],
  },
  "pooling in threes": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same" }),
      layers.maxPooling2d({ poolSize: 3 }),
      ...head,
    ],
  },
  "pooling with strides larger than its windows": {
    model: [
      layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }),
      layers.maxPooling2d({ poolSize: 2, strides: 3 }),
      ...head,
    ],
  },
  "average pooling": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same" }),
      layers.averagePooling2d({ poolSize: 2 }),
      ...head,
    ],
  },
  "average pooling of odd images, overlapping": {
    model: [
      layers.conv2d({ filters: 3, kernelSize: 3, padding: "same" }),
      layers.averagePooling2d({ poolSize: 3, strides: 2 }),
      ...head,
    ],
    inputShape: [8, 9, 1],
  },
  "global average pooling": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, activation: "relu" }),
      layers.globalAveragePooling2d(),
      layers.dense({ units: 3 }),
    ],
  },
  "global maximum pooling": {
    model: [
      layers.conv2d({ filters: 5, kernelSize: 3 }),
      layers.globalMaxPooling2d(),
      layers.dense({ units: 3 }),
    ],
  },
  "batch normalization": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, useBias: false }),
      layers.batchNormalization({ momentum: 0.9 }),
      layers.activation({ activation: "relu" }),
      layers.flatten(),
      layers.dense({ units: 4, useBias: false }),
      layers.batchNormalization(),
      layers.dense({ units: 3 }),
    ],
  },
  "batch normalization without center and scale": {
    model: [
      layers.flatten(),
      layers.dense({ units: 6, activation: "relu" }),
      layers.batchNormalization({ center: false }),
      layers.dense({ units: 4, activation: "relu" }),
      layers.batchNormalization({ scale: false, epsilon: 0.1 }),
      layers.dense({ units: 3 }),
    ],
  },
  "layer normalization": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, activation: "tanh" }),
      layers.layerNormalization(),
      layers.conv2d({ filters: 5, kernelSize: 3 }),
      layers.layerNormalization({ center: false, epsilon: 0.1 }),
      layers.flatten(),
      layers.dense({ units: 6 }),
      layers.layerNormalization({ scale: false }),
      layers.dense({ units: 3 }),
    ],
  },
  "zeros around images": {
    model: [
      layers.zeroPadding2d({
        padding: [
          [1, 0],
          [2, 3],
        ],
      }),
      layers.conv2d({ filters: 16, kernelSize: 3, activation: "relu" }),
      layers.zeroPadding2d(),
      layers.conv2d({ filters: 4, kernelSize: 3, strides: 2 }),
      ...head,
    ],
  },
  "up-sampling": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, activation: "relu" }),
      layers.upSampling2d({ size: [2, 3] }),
      layers.conv2d({ filters: 4, kernelSize: 3 }),
      layers.upSampling2d({ interpolation: "bilinear" }),
      layers.conv2d({ filters: 3, kernelSize: 3, strides: 2 }),
      ...head,
    ],
  },
  "group normalization": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, activation: "tanh" }),
      layers.groupNormalization({ groups: -1, center: false, epsilon: 0.1 }),
      layers.conv2d({ filters: 6, kernelSize: 3 }),
      layers.groupNormalization({ groups: 2 }),
      layers.flatten(),
      layers.dense({ units: 6 }),
      layers.groupNormalization({ groups: 2, scale: false, epsilon: 0.1 }),
      layers.dense({ units: 3 }),
    ],
  },
  "self-attention of images": {
    model: [
      layers.conv2d({ filters: 6, kernelSize: 2, strides: 2, name: "patches" }),
      // The bias of the keys changes no result, so its gradient is rounding.
      layers.multiHeadAttention({ numHeads: 2, keyDim: 3, biasInitializer: initializers.constant(0.1) }),
      layers.add({ inputs: ["patches", "multiHeadAttention_1"] }),
      layers.globalAveragePooling2d(),
      layers.dense({ units: 3 }),
    ],
  },
  "attention to other positions, with dropout and without biases": {
    model: [
      layers.conv2d({ filters: 4, kernelSize: 4, strides: 4, name: "query" }),
      layers.conv2d({ filters: 5, kernelSize: 2, strides: 2, name: "value", inputs: ["images"] }),
      layers.conv2d({
        filters: 3,
        kernelSize: 2,
        strides: 2,
        name: "key",
        inputs: ["images"],
        useBias: false,
      }),
      layers.multiHeadAttention({
        inputs: ["query", "value", "key"],
        numHeads: 2,
        keyDim: 4,
        valueDim: 3,
        dropout: 0.25,
        useBias: false,
        kernelRegularizer: regularizers.l2({ l2: 0.01 }),
      }),
      layers.multiHeadAttention({
        inputs: ["multiHeadAttention_1", "value"],
        numHeads: 1,
        keyDim: 2,
        biasInitializer: initializers.constant(0.1),
      }),
      ...head,
    ],
  },
  "embeddings of pixel levels and of positions": {
    model: [
      layers.embedding({ inputDim: 4, outputDim: 3, embeddingsRegularizer: regularizers.l2({ l2: 0.01 }) }),
      layers.positionEmbedding(),
      layers.conv2d({ filters: 6, kernelSize: 2, strides: 2, activation: "tanh" }),
      layers.positionEmbedding({ embeddingsInitializer: initializers.truncatedNormal({ stddev: 0.5 }) }),
      layers.embedding({ inputDim: 256, outputDim: 1, inputs: ["images"], name: "pixels" }),
      layers.maxPooling2d(),
      layers.concatenate({ inputs: ["positionEmbedding_2", "maxPooling2d_1"] }),
      ...head,
    ],
    inputShape: [8, 6, 2],
  },
  "dropout of channels": {
    model: [layers.conv2d({ filters: 16, kernelSize: 3 }), layers.spatialDropout2d({ rate: 0.5 }), ...head],
  },
  "dropout of images": {
    model: [
      layers.dropout({ rate: 0.3 }),
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      layers.dropout({ rate: 0.5 }),
      ...head,
    ],
  },
  "leaky ReLU": {
    model: [layers.conv2d({ filters: 16, kernelSize: 3 }), layers.leakyReLU(), ...head],
  },
  "PReLU with a slope for every element": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      layers.prelu({ alphaInitializer: initializers.constant(0.25) }),
      layers.flatten(),
      layers.dense({ units: 5 }),
      layers.prelu({ alphaInitializer: initializers.randomUniform({ minval: -0.5, maxval: 0.5 }) }),
      layers.dense({ units: 3 }),
    ],
  },
  "PReLU with a slope for every channel": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      layers.prelu({ sharedAxes: [1, 2] }),
      layers.conv2d({ filters: 3, kernelSize: 3 }),
      layers.prelu({ alphaInitializer: initializers.constant(0.1), sharedAxes: [1, 2] }),
      ...head,
    ],
  },
  "PReLU with slopes shared by rows, and by columns and channels": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      layers.prelu({ alphaInitializer: initializers.constant(0.25), sharedAxes: [1] }),
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same" }),
      layers.prelu({ alphaInitializer: initializers.constant(0.1), sharedAxes: [2, 3] }),
      ...head,
    ],
  },
  ...Object.fromEntries(
    Object.entries({
      ELU: layers.activation({ activation: "elu", inputs: ["a"], name: "b" }),
      SELU: layers.activation({ activation: "selu", inputs: ["a"], name: "b" }),
      "leaky ReLU": layers.leakyReLU({ inputs: ["a"], name: "b" }),
      PReLU: layers.prelu({ sharedAxes: [1, 2], inputs: ["a"], name: "b" }),
    }).map(([name, layer]): [string, Case] => [
      `${name} of a tensor that a global pool also reads`,
      {
        model: [
          layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "tanh", name: "a" }),
          layers.globalAveragePooling2d({ name: "pooled" }),
          layer,
          layers.conv2d({ filters: 16, kernelSize: 3, padding: "same" }),
          layers.globalAveragePooling2d({ name: "deeper" }),
          layers.concatenate({ inputs: ["pooled", "deeper"] }),
          layers.dense({ units: 3 }),
        ],
      },
    ]),
  ),
  "ELU whose output a global pool and a convolution read": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "elu", name: "a" }),
      layers.globalAveragePooling2d({ name: "pooled" }),
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", inputs: ["a"] }),
      layers.globalAveragePooling2d({ name: "deeper" }),
      layers.concatenate({ inputs: ["pooled", "deeper"] }),
      layers.dense({ units: 3 }),
    ],
  },
  ...Object.fromEntries(
    Activation.literals.map((activation): [string, Case] => [
      `${activation} of images and of values`,
      {
        model: [
          layers.conv2d({ filters: 16, kernelSize: 3, activation }),
          layers.flatten(),
          layers.dense({ units: 6, activation }),
          layers.activation({ activation }),
          layers.dense({ units: 3 }),
        ],
      },
    ]),
  ),
}
