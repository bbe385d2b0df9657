/** Networks and graphs of convolutions: sizes, strides, channels and batches. */
import { layers } from "../../../schemas/experiment/Model.ts"
import { regularizers } from "../../../schemas/experiment/weights.ts"
import type { Case } from "../training.ts"
import { adam, head } from "./head.ts"

export const convolutionCases: Readonly<Record<string, Case>> = {
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
  "normalized branches that are added, with pooling and one that two layers read": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu", name: "stem" }),
      layers.maxPooling2d({ name: "pooled" }),
      layers.batchNormalization({ momentum: 0.9, name: "first" }),
      layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", useBias: false, inputs: ["pooled"] }),
      layers.batchNormalization({ center: false, name: "second" }),
      layers.add({ inputs: ["first", "second"] }),
      layers.activation({ activation: "relu", name: "sum" }),
      layers.batchNormalization({ scale: false, name: "third" }),
      layers.add({ inputs: ["first", "third", "sum"] }),
      layers.conv2d({ filters: 32, kernelSize: 3, strides: 2, padding: "same", activation: "relu" }),
      ...head,
    ],
    batchSize: 6,
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
}
