/**
 * Four 7×7 convolutions without padding or pooling, with the augmentation and the optimizer of `cnn-best.ts`: An,
 * Lee, Park, Yang and So, An ensemble of simple convolutional neural network models for MNIST digit recognition
 * (2020). It takes an hour on one core.
 */
import { experiment, initializers, layers, learningRates, optimizers } from "tidemark"
import best from "./cnn-best.ts"

const block = (filters: number) => [
  layers.conv2d({ filters, kernelSize: 7, useBias: false, kernelInitializer: initializers.heNormal }),
  layers.batchNormalization({ momentum: 0.95 }),
  layers.activation({ activation: "relu" }),
]

export default experiment({
  ...best,
  name: "cnn-7x7",
  // Nothing is chosen by the validation split, so nearly all examples are used for training.
  split: { kind: "standard", validation: 100 },
  augmentation: { ...best.augmentation, probability: 0.7, interpolation: "bicubic" },
  // 28 → 22 → 16 → 10 → 4
  model: [
    ...block(48),
    ...block(96),
    ...block(144),
    ...block(192),
    layers.flatten(),
    layers.dense({ units: 10 }),
  ],
  optimizer: optimizers.adamw({
    learningRate: learningRates.oneCycle({ peak: 0.005, divisor: 10, finalDivisor: 1000 }),
    beta2: 0.99,
    weightDecay: 0.01,
  }),
  budget: { epochs: 15 },
})
