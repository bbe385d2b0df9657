/**
 * How to train on a dataset of your own: four files in the IDX format of MNIST
 * (http://yann.lecun.com/exdb/mnist, at the end), plain or gzip. Copy this file and fill in what is yours.
 *
 * Images are bytes [examples, height, width] or [examples, height, width, channels]; labels are whole numbers from 0 to
 * classes - 1. What the files hold is held against this description before anything is trained. Here they lie in a
 * folder `my-data` beside package.json: without them the run ends with exit code 66 and the path it looked for.
 */
import { experiment, layers, optimizers } from "tidemark"

export default experiment({
  name: "own-dataset",
  dataset: {
    name: "shapes",
    classes: 4,
    imageShape: [32, 32, 3],
    // A path, relative to the folder the command runs in, or an http(s) URL. With a sha256 of the uncompressed content
    // beside `source` only that content is taken.
    trainImages: { source: "my-data/train-images-idx4-ubyte.gz" },
    trainLabels: { source: "my-data/train-labels-idx1-ubyte.gz" },
    testImages: { source: "my-data/test-images-idx4-ubyte.gz" },
    testLabels: { source: "my-data/test-labels-idx1-ubyte.gz" },
    // What the data must stay within, [least, most], however often the files change: outside, nothing is trained. Each may
    // be left out; shares and pixel figures are from 0 to 1.
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
