/**
 * A small convolutional network with own code: a squeeze-and-excitation block, the focal loss and macro F1. `docs/own-code.md`
 * explains it.
 */
import { experiment, layers, losses, metrics, optimizers } from "tidemark"
import type { focalLoss } from "./own/focalLoss.ts"
import type { macroF1 } from "./own/macroF1.ts"
import type { squeezeExcitation } from "./own/squeezeExcitation.ts"

export default experiment({
  name: "own-code",
  description: "Squeeze-and-excitation block, focal loss and macro F1, all in TypeScript",
  dataset: "mnist",
  model: [
    layers.conv2d({ filters: 16, kernelSize: 5, strides: 2, padding: "same", activation: "relu" }),
    layers.custom<typeof squeezeExcitation>({
      module: "./own/squeezeExcitation.ts",
      export: "squeezeExcitation",
      options: { ratio: 4 },
    }),
    layers.maxPooling2d(),
    layers.flatten(),
    layers.dense({ units: 10 }),
  ],
  loss: losses.custom<typeof focalLoss>({ module: "./own/focalLoss.ts", export: "focalLoss" }),
  metrics: { macroF1: metrics.custom<typeof macroF1>({ module: "./own/macroF1.ts", export: "macroF1" }) },
  optimizer: optimizers.adam({ learningRate: 0.002 }),
  batchSize: 50,
  budget: { iterations: 2000 },
})
