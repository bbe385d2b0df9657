/**
 * A network of another kind for `ensemble.ts`: `cnn-best.ts`, with two convolutions 3×3 in place of its first, 5×5. It is not
 * much better alone and takes longer, but its mistakes are others.
 */
import { experiment, initializers, layers } from "tidemark"
import best from "./cnn-best.ts"

const kernelInitializer = initializers.heNormal
const conv = (filters: number) =>
  layers.conv2d({ filters, kernelSize: 3, activation: "relu", kernelInitializer })
const normalization = layers.batchNormalization({ momentum: 0.95 })

export default experiment({
  ...best,
  name: "cnn-deep",
  model: [
    // 28 → 26 → 24 → 12
    conv(32),
    normalization,
    conv(32),
    layers.maxPooling2d(),
    normalization,
    // → 10 → 8 → 4
    conv(64),
    normalization,
    conv(64),
    layers.maxPooling2d(),
    normalization,
    // → 2
    conv(256),
    normalization,
    layers.flatten(),
    layers.dropout({ rate: 0.4 }),
    layers.dense({ units: 10 }),
  ],
})
