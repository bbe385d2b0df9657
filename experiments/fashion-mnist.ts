/**
 * The convolutional network of `cnn.ts` with dropout, on Fashion-MNIST: ten kinds of clothing in the format of MNIST,
 * by Xiao, Rasul and Vollgraf (2017). Its four files are downloaded and verified by their published digests. The
 * authors list similar networks without augmentation at 91 to 93 % test accuracy. It has not been trained here.
 */
import { experiment, layers, learningRates, optimizers } from "tidemark"

export default experiment({
  name: "fashion-mnist",
  dataset: "fashion-mnist",
  normalization: "standardized",
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
  optimizer: optimizers.adam({
    learningRate: learningRates.step({ value: 0.001, factor: 0.5, every: 2500 }),
  }),
  batchSize: 100,
  budget: { epochs: 20 },
  report: "best",
})
