/**
 * A small network on scikit-learn's 1,797 digits of 8×8 pixels (Alpaydin and Kaynak, 1998), a CSV file in its wheel: a wheel is a
 * ZIP archive, downloaded once and verified by its digest. A fifth of the images is the test split.
 */
import { datasets, experiment, initializers, layers, learningRates, optimizers } from "tidemark"

const kernelInitializer = initializers.heNormal

export default experiment({
  name: "digits-8x8",
  dataset: datasets.table({
    name: "digits-8x8",
    classes: 10,
    imageShape: [8, 8],
    archive: {
      source:
        "https://files.pythonhosted.org/packages/69/46/f8b95a7a16fd13b458401d5e85a63d88ecb3679f3649812d5fdbea4c8357/scikit_learn-1.9.1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
      sha256: "52a0703bbc07ad27f560fa63fa68e4c54dd735bfbbf65b4dd3c225dc7547b6df",
    },
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
