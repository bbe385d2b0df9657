/**
 * An example for a dataset of your own: four files in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist, at
 * the end), uncompressed or gzip. Copy this file and change it.
 *
 * Images are bytes [examples, height, width] or [examples, height, width, channels]. Labels are whole numbers from 0 to
 * classes - 1. The files are compared with this description before training. Here they are in the folder `my-data` next to
 * package.json; without them the run ends with exit code 66 and the path of the missing file.
 */
import { experiment, layers, optimizers } from "tidemark"

export default experiment({
  name: "own-dataset",
  dataset: {
    name: "shapes",
    classes: 4,
    imageShape: [32, 32, 3],
    // A path, relative to the working folder, or an http(s) URL. With `sha256` (of the uncompressed content) next to
    // `source`, other content is refused.
    trainImages: { source: "my-data/train-images-idx4-ubyte.gz" },
    trainLabels: { source: "my-data/train-labels-idx1-ubyte.gz" },
    testImages: { source: "my-data/test-images-idx4-ubyte.gz" },
    testLabels: { source: "my-data/test-labels-idx1-ubyte.gz" },
    // Bounds, [minimum, maximum]: data out of bounds is refused, also when the files change later. Each bound is optional.
    // Shares and pixel figures are from 0 to 1.
    bounds: { trainExamples: [1000, 1_000_000], classShare: [0.1, 0.5], pixelMean: [0.2, 0.8] },
  },
  split: { kind: "standard", validation: 200 },
  normalization: "standardized",
  model: [
    layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
    layers.maxPooling2d(),
    layers.conv2d({ filters: 32, kernelSize: 3, padding: "same", activation: "relu" }),
    layers.globalAveragePooling2d(),
    layers.dense({ units: 4 }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adam({ learningRate: 0.001 }),
  batchSize: 50,
  budget: { epochs: 10 },
  evaluateEvery: { epochs: 1 },
  checkpointEvery: { epochs: 1 },
})
