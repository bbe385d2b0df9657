/**
 * A convolutional network with strides of 2: 5×5×32, pool, 5×5×64, pool, dense 1024, dropout, dense 10. The tutorial
 * trained it for 20,000 iterations of 50 examples, in epochs of 55,000, and reports 99.2 % test accuracy.
 */
import { experiment, initializers, layers, optimizers } from "tidemark"

const weights = {
  kernelInitializer: initializers.truncatedNormal({ stddev: 0.1 }),
  biasInitializer: initializers.constant(0.1),
}

export default experiment({
  name: "cnn-strided",
  dataset: "mnist",
  model: [
    layers.conv2d({
      filters: 32,
      kernelSize: 5,
      strides: 2,
      padding: "same",
      activation: "relu",
      ...weights,
    }),
    layers.maxPooling2d({ poolSize: 2, padding: "valid" }),
    layers.conv2d({
      filters: 64,
      kernelSize: 5,
      strides: 2,
      padding: "same",
      activation: "relu",
      ...weights,
    }),
    layers.maxPooling2d({ poolSize: 2, padding: "valid" }),
    layers.flatten(),
    layers.dense({ units: 1024, activation: "relu", ...weights }),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 10, ...weights }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adam({ learningRate: 1e-4 }),
  batchSize: 50,
  budget: { iterations: 20_000 },
  evaluateEvery: { epochs: 1 },
  checkpointEvery: { epochs: 1 },
})
