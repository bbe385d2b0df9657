/**
 * The network of `cnn.ts` with dropout before the last layer, a batch size of 16 and Adam's default learning rate.
 * The tutorial reports no accuracy, only the prediction of a photograph; three epochs are enough for that.
 */
import { experiment, layers, optimizers } from "tidemark"

export default experiment({
  name: "cnn-dropout",
  dataset: "mnist",
  model: [
    layers.conv2d({ filters: 32, kernelSize: 5, padding: "same", activation: "relu" }),
    layers.maxPooling2d(),
    layers.conv2d({ filters: 64, kernelSize: 5, padding: "same", activation: "relu" }),
    layers.maxPooling2d(),
    layers.flatten(),
    layers.dense({ units: 1024, activation: "relu" }),
    layers.dropout({ rate: 0.4 }),
    layers.dense({ units: 10 }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adam({ learningRate: 0.001 }),
  batchSize: 16,
  budget: { epochs: 3 },
})
