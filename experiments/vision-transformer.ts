/** A small vision transformer in own code: `own/transformer.ts`. */
import { experiment, layers, learningRates, optimizers } from "tidemark"
import type { block, patches, tokenMean } from "./own/transformer.ts"

const module = import.meta.resolve("./own/transformer.ts")
const attention = layers.custom<typeof block>({
  module,
  export: "block",
  options: { heads: 4, dropout: 0.1 },
})

export default experiment({
  name: "vision-transformer",
  description: "16 patches of 7×7 pixels, four blocks of attention, 64 values a token",
  dataset: "mnist",
  normalization: "standardized",
  augmentation: { rotation: 10, scale: 0.1, shift: 2 },
  model: [
    layers.custom<typeof patches>({ module, export: "patches", options: { size: 7, width: 64 } }),
    attention,
    attention,
    attention,
    attention,
    layers.custom<typeof tokenMean>({ module, export: "tokenMean" }),
    layers.dense({ units: 10 }),
  ],
  loss: "softmaxCrossEntropy",
  optimizer: optimizers.adamw({
    learningRate: learningRates.cosine({ value: 0.002, warmup: 200 }),
    weightDecay: 0.01,
    clip: { globalNorm: 1 },
  }),
  batchSize: 100,
  budget: { epochs: 10 },
})
