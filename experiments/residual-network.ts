/** A small residual network in own code: `own/residual.ts`. */
import { experiment, initializers, layers, learningRates, optimizers } from "tidemark"
import type { residual } from "./own/residual.ts"

/** A block of two convolutions. With a stride of 2 its output is half as high and half as wide. */
const block = (filters: number, strides = 1) =>
  layers.custom<typeof residual>({
    module: import.meta.resolve("./own/residual.ts"),
    export: "residual",
    options: { filters, strides },
  })

export default experiment({
  name: "residual-network",
  description: "A stem, then four residual blocks without normalization, 32 and 64 channels",
  dataset: "mnist",
  normalization: "standardized",
  augmentation: { rotation: 10, scale: 0.1, shift: 2 },
  model: [
    layers.conv2d({
      filters: 32,
      kernelSize: 3,
      strides: 2,
      padding: "same",
      kernelInitializer: initializers.heNormal,
    }),
    block(32),
    block(32),
    block(64, 2),
    block(64),
    layers.activation({ activation: "relu" }),
    layers.globalAveragePooling2d(),
    layers.dense({ units: 10 }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adamw({
    learningRate: learningRates.cosine({ value: 0.002, warmup: 200 }),
    weightDecay: 0.01,
  }),
  batchSize: 100,
  budget: { epochs: 6 },
})
