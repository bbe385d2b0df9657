/** Optimizers, updates in tiles, penalties, averages and losses. */
import { layers } from "../../../schemas/experiment/Model.ts"
import { regularizers } from "../../../schemas/experiment/weights.ts"
import { optimizers } from "../../../schemas/experiment/Optimizer.ts"
import type { Case } from "../training.ts"
import { adam } from "./head.ts"

const optimizersByName = {
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
}

export const trainingCases: Readonly<Record<string, Case>> = {
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
  "penalties on kernels": {
    model: [
      layers.conv2d({ filters: 16, kernelSize: 3, kernelRegularizer: regularizers.l1({ l1: 0.01 }) }),
      layers.flatten(),
      layers.dense({ units: 1024, activation: "relu", kernelRegularizer: regularizers.l1l2() }),
      layers.dense({ units: 3, kernelRegularizer: regularizers.l2({ l2: 0.1 }) }),
    ],
    inputShape: [8, 9, 1],
  },
  // Small, because the reference adds 800,000 squares in float32. No l1, because rounding can change the sign of a weight,
  // and so the direction of its penalty.
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
  "sigmoid cross-entropy, with smoothed labels": {
    model: [layers.flatten(), layers.dense({ units: 5, activation: "tanh" }), layers.dense({ units: 3 })],
    loss: "sigmoidCrossEntropy",
    labelSmoothing: 0.2,
  },
  ...Object.fromEntries(
    (["softmaxCrossEntropy", "sigmoidCrossEntropy", "meanSquaredError"] as const).map(
      (loss): [string, Case] => [
        `weights of classes with ${loss}`,
        {
          model: [layers.flatten(), layers.dense({ units: 3, activation: "sigmoid" })],
          loss,
          classWeight: { 0: 3, 2: 0.25 },
        },
      ],
    ),
  ),
  ...Object.fromEntries(
    Object.entries(optimizersByName).map(([name, optimizer]): [string, Case] => [
      `optimizer ${name}`,
      {
        model: [layers.flatten(), layers.dense({ units: 8, activation: "tanh" }), layers.dense({ units: 3 })],
        optimizer,
      },
    ]),
  ),
}
