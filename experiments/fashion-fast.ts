/**
 * A small network on Fashion-MNIST: ten kinds of clothing in the format of MNIST, by Xiao, Rasul and Vollgraf (2017). Three
 * convolutions, batch normalization, mirrored and shifted images, a one-cycle learning rate; a few minutes on two cores.
 */
import { experiment, initializers, layers, learningRates, optimizers } from "tidemark"

const kernelInitializer = initializers.heNormal
const normalization = layers.batchNormalization({ momentum: 0.95 })

export default experiment({
  name: "fashion-fast",
  dataset: "fashion-mnist",
  normalization: "standardized",
  augmentation: { flip: 0.5, crop: { padding: 2 } },
  model: [
    layers.conv2d({ filters: 16, kernelSize: 3, activation: "relu", kernelInitializer }),
    layers.maxPooling2d(),
    normalization,
    layers.conv2d({ filters: 32, kernelSize: 3, activation: "relu", kernelInitializer }),
    layers.maxPooling2d(),
    normalization,
    layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu", kernelInitializer }),
    normalization,
    layers.flatten(),
    layers.dropout({ rate: 0.1 }),
    layers.dense({ units: 10 }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adamw({
    learningRate: learningRates.oneCycle({ peak: 0.01, divisor: 10, finalDivisor: 1000 }),
    beta2: 0.99,
    weightDecay: 0.01,
  }),
  batchSize: 100,
  budget: { epochs: 8 },
  evaluateEvery: { epochs: 1 },
  checkpointEvery: { epochs: 1 },
})
