/**
 * The convolutional network of the tutorials on MNIST: 5×5×32, pool, 5×5×64, pool, dense 1024, dense 10. The tutorial
 * trained it for 20,000 iterations of 100 examples and reports 1.18 % test error. It names Adam and truncated normal
 * weights, but neither learning rate nor standard deviation. Here they are Adam's default rate, halved every 2,500
 * iterations, and 0.05.
 */
import { experiment, initializers, layers, learningRates, optimizers } from "tidemark"

const weights = {
  kernelInitializer: initializers.truncatedNormal({ stddev: 0.05 }),
  biasInitializer: initializers.constant(0.1),
}

export default experiment({
  name: "cnn",
  dataset: "mnist",
  model: [
    layers.conv2d({ filters: 32, kernelSize: 5, padding: "same", activation: "relu", ...weights }),
    layers.maxPooling2d(),
    layers.conv2d({ filters: 64, kernelSize: 5, padding: "same", activation: "relu", ...weights }),
    layers.maxPooling2d(),
    layers.flatten(),
    layers.dense({ units: 1024, activation: "relu", ...weights }),
    layers.dense({ units: 10, ...weights }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adam({
    learningRate: learningRates.step({ value: 0.001, factor: 0.5, every: 2500 }),
  }),
  batchSize: 100,
  budget: { iterations: 20_000 },
})
