/**
 * Three hidden layers and sigmoid outputs fitted to one-hot labels by mean squared error: 784 → 100 → 100 → 60 → 10.
 * The tutorial that trained it for 20 epochs on 80 % of all 70,000 examples reports 99.25 % train and 96.97 % test
 * accuracy. It has no validation split; here 2 % of what is not tested is kept for one. Its rate of 0.005 is reached over
 * four epochs: begun with, two seeds of three end where all sigmoids are near 0, in PyTorch as well.
 */
import { experiment, initializers, layers, learningRates, optimizers } from "tidemark"

const kernelInitializer = initializers.glorotUniform

export default experiment({
  name: "mlp",
  dataset: "mnist",
  split: { kind: "pooled", test: 0.2, validation: 0.02 },
  model: [
    layers.flatten(),
    layers.dense({ units: 100, activation: "relu", kernelInitializer }),
    layers.dense({ units: 100, activation: "relu", kernelInitializer }),
    layers.dense({ units: 60, activation: "relu", kernelInitializer }),
    layers.dense({ units: 10, activation: "sigmoid", kernelInitializer }),
  ],
  loss: "meanSquaredError",
  optimizer: optimizers.adam({ learningRate: learningRates.constant(0.005, { warmup: 220 }) }),
  batchSize: 1000,
  budget: { epochs: 20 },
  evaluateEvery: { epochs: 1 },
})
