/**
 * One hidden layer: 784 → 1024 ReLU → 10, on 1000 examples an iteration for 1000 iterations.
 * The tutorial that trained it reports 6.83 % test error. It names no learning rate: Adam's usual 0.001 is taken.
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
