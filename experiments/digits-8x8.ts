/**
 * A small network on scikit-learn's 1,797 digits of 8×8 pixels (Alpaydin and Kaynak, 1998), a CSV file in its wheel, which is a ZIP
 * archive. Put it there first: `pip download --no-deps --dest data scikit-learn`, and name it scikit-learn.whl. A fifth of the
 * images is the test split.
 */
import { datasets, experiment, initializers, layers, learningRates, optimizers } from "tidemark"

const kernelInitializer = initializers.heNormal

export default experiment({
  name: "digits-8x8",
  dataset: datasets.table({
    name: "digits-8x8",
    classes: 10,
    imageShape: [8, 8],
    archive: "data/scikit-learn.whl",
    train: "sklearn/datasets/data/digits.csv.gz",
    header: false,
    label: -1,
    brightest: 16,
  }),
  split: { kind: "pooled", test: 0.2, validation: 0.1, stratified: true },
  normalization: "standardized",
  augmentation: { rotation: 10, scale: 0.1, shift: 1 },
  model: [
    layers.conv2d({ filters: 32, kernelSize: 3, padding: "same", activation: "relu", kernelInitializer }),
    layers.batchNormalization({ momentum: 0.95 }),
    layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu", kernelInitializer }),
    layers.maxPooling2d(),
    layers.batchNormalization({ momentum: 0.95 }),
    layers.flatten(),
    layers.dropout({ rate: 0.3 }),
    layers.dense({ units: 10 }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adamw({
    learningRate: learningRates.oneCycle({ peak: 0.01, divisor: 10, finalDivisor: 1000 }),
    weightDecay: 0.01,
  }),
  batchSize: 32,
  budget: { epochs: 60 },
})
