/**
 * A small convolutional network on MNIST: 60,000 images of handwritten digits for training, 10,000 for the test.
 *
 * It trains in about 15 seconds on two cores and is right for about 98 of 100 test images. An experiment is a plain value: change
 * it, run it again, and compare the two runs.
 */
import { experiment, layers, optimizers } from "tidemark"

export default experiment({
  // Part of the id of every run: lower-case letters, digits and -.
  name: "first",

  // Comes with tidemark, so nothing is downloaded. "fashion-mnist" has clothes in the same format.
  dataset: "mnist",

  // Each layer reads the one before it. The input is an image of 28×28 pixels in 1 channel.
  model: [
    // 8 filters of 5×5 pixels look for strokes at every position: 24×24 positions, 8 channels.
    layers.conv2d({ filters: 8, kernelSize: 5, activation: "relu" }),
    // Keeps the largest of every 2×2 positions: 12×12×8.
    layers.maxPooling2d(),
    layers.flatten(),
    layers.dense({ units: 64, activation: "relu" }),
    // One output for each of the 10 digits, without activation: the loss turns them into probabilities.
    layers.dense({ units: 10 }),
  ],
  loss: "softmaxCrossEntropy",

  // How far each iteration moves the weights. Too small learns slowly, too large does not learn at all.
  optimizer: optimizers.adam({ learningRate: 0.002 }),

  // One iteration updates the weights once, from the average over 100 images.
  batchSize: 100,

  // Two passes over the training images. { iterations: 500 } would be a number of updates.
  budget: { epochs: 2 },

  // 5,000 images are kept back for validation. The model is evaluated on them every 200 iterations.
  evaluateEvery: 200,
})
