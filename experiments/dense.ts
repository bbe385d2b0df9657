/**
 * One hidden layer: 784 → 1024 ReLU → 10, for 1000 iterations of 1000 examples. The tutorial reports 6.83 % test
 * error. It names no learning rate; this is Adam's default of 0.001.
 */
import { experiment, layers, optimizers } from "tidemark"

export default experiment({
  name: "dense",
  dataset: "mnist",
  model: [layers.flatten(), layers.dense({ units: 1024, activation: "relu" }), layers.dense({ units: 10 })],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adam({ learningRate: 0.001 }),
  batchSize: 1000,
  budget: { iterations: 1000 },
  evaluateEvery: 100,
})
