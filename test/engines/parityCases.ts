/** The small models on which every engine is compared with the reference: name -> model, optimizer and sizes. */
import { Activation, layers } from "../../schemas/Model.ts"
import { initializers, regularizers } from "../../schemas/weights.ts"
import { optimizers } from "../../schemas/Optimizer.ts"
import type { Case } from "./training.ts"

const head = [layers.flatten(), layers.dense({ units: 3 })] as const
/** A large ε keeps Adam from dividing rounding errors of tiny gradients by themselves. */
const adam = optimizers.adam({ learningRate: 1, epsilon: 1e-3 })

export const parityCases: Readonly<Record<string, Case>> = {
  "a dense network": {
    model: [layers.flatten(), layers.dense({ units: 7, activation: "relu" }), layers.dense({ units: 3 })],
  },
  "the tutorials' network with whole blocks of channels": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 5, padding: "same", activation: "relu" }),
      layers.maxPooling2d(),
      layers.conv2d({ filters: 32, kernelSize: 5, padding: "same", activation: "relu" }),
      layers.maxPooling2d(),
      layers.flatten(),
      layers.dense({ units: 9, activation: "relu" }),
      layers.dropout({ rate: 0.4 }),
      layers.dense({ units: 3 }),
    ],
    optimizer: adam,
    batchSize: 6,
  },
  "a convolution wide enough for the frequency domain": {
    model: [
      layers.conv2d({ filters: 32, kernelSize: 5, padding: "same", activation: "relu" }),
      layers.conv2d({ filters: 64, kernelSize: 5, padding: "same", activation: "relu" }),
      layers.conv2d({ filters: 32, kernelSize: 5, activation: "tanh" }),
      ...head,
    ],
    batchSize: 8,
  },
  "a dense layer large enough to be updated in tiles": {
    model: [
      layers.flatten(),
      layers.dense({ units: 1024, activation: "relu" }),
      layers.dense({ units: 1024, activation: "relu" }),
      layers.dense({ units: 3 }),
    ],
    optimizer: adam,
    inputShape: [28, 28, 1],
  },
  "a dense layer updated in tiles by momentum": {
    model: [layers.flatten(), layers.dense({ units: 1024, activation: "tanh" }), layers.dense({ units: 3 })],
    optimizer: optimizers.momentum({ learningRate: 1, nesterov: true }),
    inputShape: [28, 28, 1],
  },
  "a batch of one": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      ...head,
    ],
    batchSize: 1,
  },
  "a batch of whole blocks": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      ...head,
    ],
    batchSize: 16,
  },
  "a batch of four more than whole blocks": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same" }),
      layers.conv2d({ filters: 16, kernelSize: 3 }),
      ...head,
    ],
    batchSize: 20,
  },
  "three channels in, an image of odd sizes": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: [3, 2], padding: "same", activation: "relu" }),
      layers.conv2d({ filters: 16, kernelSize: 1, useBias: false }),
      ...head,
    ],
    inputShape: [9, 7, 3],
  },
  "channels that do not fill a block": {
    model: [
      layers.conv2d({ filters: 5, kernelSize: 3, activation: "relu" }),
      layers.conv2d({ filters: 6, kernelSize: 2 }),
      ...head,
    ],
    inputShape: [6, 7, 2],
  },
  "strided convolutions that leave the far edge uncovered": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, activation: "relu" }),
      layers.conv2d({ filters: 16, kernelSize: 2, strides: [2, 1], padding: "same" }),
      ...head,
    ],
    inputShape: [10, 8, 1],
  },
  "a stride wider than its kernel": {
    model: [
      layers.conv2d({ filters: 4, kernelSize: 1, strides: 3, padding: "same" }),
      layers.conv2d({ filters: 8, kernelSize: 1, strides: 2 }),
      ...head,
    ],
    inputShape: [9, 9, 1],
  },
  "1×1 filters with strides of two over many images": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 1, strides: 2, padding: "same", activation: "tanh" }),
      layers.conv2d({ filters: 16, kernelSize: 1, strides: 2 }),
      ...head,
    ],
    inputShape: [8, 10, 1],
    batchSize: 15,
  },
  "depthwise convolutions of whole blocks": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
      layers.depthwiseConv2d({ kernelSize: 3, padding: "same", activation: "relu" }),
      layers.depthwiseConv2d({ kernelSize: [2, 3], strides: 2, padding: "same", activation: "tanh" }),
      layers.depthwiseConv2d({ kernelSize: 3, useBias: false }),
      ...head,
    ],
    inputShape: [9, 11, 1],
  },
  "a depthwise convolution whose stride leaves the far edge uncovered": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 1, activation: "tanh" }),
      layers.depthwiseConv2d({ kernelSize: 2, strides: 3, activation: "relu" }),
      ...head,
    ],
    inputShape: [9, 10, 1],
  },
  "depthwise convolutions of a few channels, several filters each": {
    model: [
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 4, activation: "relu" }),
      layers.depthwiseConv2d({ kernelSize: 2, strides: 2, padding: "same", depthMultiplier: 2 }),
      layers.depthwiseConv2d({ kernelSize: [3, 2] }),
      ...head,
    ],
    inputShape: [8, 9, 2],
  },
  "separable convolutions": {
    model: [
      layers.separableConv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
      layers.separableConv2d({
        filters: 16,
        kernelSize: 3,
        strides: 2,
        padding: "same",
        depthwiseRegularizer: regularizers.l2({ l2: 0.1 }),
        pointwiseRegularizer: regularizers.l1({ l1: 0.01 }),
      }),
      layers.separableConv2d({ filters: 5, kernelSize: 2, depthMultiplier: 2, useBias: false }),
      ...head,
    ],
    batchSize: 9,
  },
  "a residual block with batch normalization": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu", name: "stem" }),
      layers.separableConv2d({ filters: 16, kernelSize: 3, padding: "same", useBias: false }),
      layers.batchNormalization({ momentum: 0.9 }),
      layers.activation({ activation: "relu" }),
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same" }),
      layers.add({ inputs: ["stem", "conv2d_2"] }),
      layers.activation({ activation: "relu" }),
      layers.globalAveragePooling2d(),
      layers.dense({ units: 3 }),
    ],
  },
  "a residual block that adds a tensor which a ReLU also reads": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", name: "stem" }),
      layers.activation({ activation: "relu" }),
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "tanh", name: "branch" }),
      layers.add({ inputs: ["stem", "branch", "stem"] }),
      ...head,
    ],
  },
  "branches joined by their channels": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 1, activation: "tanh", inputs: ["images"], name: "one" }),
      layers.conv2d({ filters: 32, kernelSize: 3, padding: "same", inputs: ["images"], name: "three" }),
      layers.maxPooling2d({ poolSize: 3, strides: 1, padding: "same", inputs: ["one"], name: "pool" }),
      layers.concatenate({ inputs: ["one", "three", "pool"], name: "whole" }),
      layers.conv2d({ filters: 5, kernelSize: 2 }),
      layers.averagePooling2d({ poolSize: 2, strides: 1, inputs: ["whole"] }),
      layers.concatenate({ inputs: ["conv2d_3", "averagePooling2d_1"] }),
      layers.flatten(),
      layers.dense({ units: 4, activation: "relu" }),
      layers.concatenate({ inputs: ["flatten_1", "dense_1"] }),
      layers.dense({ units: 3 }),
    ],
  },
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
  "penalties on kernels": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, kernelRegularizer: regularizers.l1({ l1: 0.01 }) }),
      layers.flatten(),
      layers.dense({ units: 1024, activation: "relu", kernelRegularizer: regularizers.l1l2() }),
      layers.dense({ units: 3, kernelRegularizer: regularizers.l2({ l2: 0.1 }) }),
    ],
    inputShape: [8, 9, 1],
  },
  // Small, because the reference adds up 800,000 squares in float32; no l1, because a weight that rounding puts on the
  // other side of 0 is pushed the other way.
  "a penalty on a large kernel, its gradient clipped": {
    model: [
      layers.flatten(),
      layers.dense({ units: 1024, activation: "tanh", kernelRegularizer: regularizers.l2({ l2: 1e-3 }) }),
      layers.dense({ units: 3 }),
    ],
    optimizer: optimizers.sgd({ learningRate: 1, clip: { value: 0.1 } }),
    inputShape: [28, 28, 1],
  },
  "smoothed labels": {
    model: [layers.flatten(), layers.dense({ units: 3 })],
    labelSmoothing: 0.2,
  },
  "averaged weights and moving statistics": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, useBias: false }),
      layers.batchNormalization({ momentum: 0.5 }),
      layers.activation({ activation: "relu" }),
      layers.flatten(),
      layers.dense({ units: 3 }),
    ],
    averaging: { decay: 0.8 },
    optimizer: optimizers.momentum({ learningRate: 1 }),
  },
  "averages of a large weight with weight decay": {
    model: [layers.flatten(), layers.dense({ units: 1024, activation: "tanh" }), layers.dense({ units: 3 })],
    averaging: { decay: 0.9 },
    optimizer: optimizers.adamw({ learningRate: 1, epsilon: 1e-3, weightDecay: 0.3 }),
    inputShape: [28, 28, 1],
  },
  "averages of weights without a fused update": {
    model: [layers.flatten(), layers.dense({ units: 3 })],
    averaging: { decay: 0.9 },
    optimizer: optimizers.rmsprop({ learningRate: 1, epsilon: 1e-3 }),
  },
  "mean squared error of sigmoid outputs": {
    model: [
      layers.flatten(),
      layers.dense({ units: 5, activation: "sigmoid" }),
      layers.dense({ units: 3, activation: "sigmoid" }),
    ],
    loss: "meanSquaredError",
  },
}
for (const activation of Activation.literals) {
  Object.assign(parityCases, {
    [`${activation} of images and of values`]: {
      model: [
        layers.conv2d({ filters: 16, kernelSize: 3, activation }),
        layers.flatten(),
        layers.dense({ units: 6, activation }),
        layers.activation({ activation }),
        layers.dense({ units: 3 }),
      ],
    } satisfies Case,
  })
}
for (const [name, optimizer] of Object.entries({
  adam,
  sgd: optimizers.sgd({ learningRate: 1 }),
  momentum: optimizers.momentum({ learningRate: 1 }),
  "Nesterov's momentum": optimizers.momentum({ learningRate: 1, momentum: 0.7, nesterov: true }),
  rmsprop: optimizers.rmsprop({ learningRate: 1, epsilon: 1e-3 }),
  adamw: optimizers.adamw({ learningRate: 1, epsilon: 1e-3, weightDecay: 0.5 }),
  "sgd with elements clipped": optimizers.sgd({ learningRate: 1, clip: { value: 0.01 } }),
  "sgd with gradients clipped": optimizers.sgd({ learningRate: 1, clip: { norm: 0.05 } }),
  "momentum with all gradients clipped": optimizers.momentum({ learningRate: 1, clip: { globalNorm: 0.1 } }),
  "rmsprop with momentum": optimizers.rmsprop({ learningRate: 1, momentum: 0.5, epsilon: 1e-3 }),
})) {
  Object.assign(parityCases, {
    [`optimizer ${name}`]: {
      model: [layers.flatten(), layers.dense({ units: 8, activation: "tanh" }), layers.dense({ units: 3 })],
      optimizer,
    },
  })
}
