/**
 * A search for a better `cnn-fast`: 40 trials over the learning rate, the batch size, dropout and augmentation, in the same
 * number of iterations. A larger batch sees more examples in them and takes longer.
 *
 * The base is `cnn-fast` with a dropout layer and an augmentation that do nothing, so that both can be searched.
 */
import { choice, experiment, layers, logUniform, strategies, sweep, uniform } from "tidemark"
import fast from "./cnn-fast.ts"

const base = experiment({
  ...fast,
  // 9: the dropout layer.
  model: [...fast.model.slice(0, -1), layers.dropout({ rate: 0 }), layers.dense({ units: 10 })],
  augmentation: { probability: 0, rotation: 10, scale: 0.1, shear: 0.1, shift: 2 },
  // The barriers are at iterations 185 and 555, and at the end.
  evaluateEvery: 185,
})

export default sweep({
  name: "cnn-fast-sweep",
  base,
  space: {
    "optimizer.learningRate.peak": logUniform(0.003, 0.05),
    batchSize: choice(25, 50, 100),
    "model[9].rate": uniform(0, 0.5),
    "augmentation.probability": uniform(0, 0.6),
  },
  strategy: strategies.halving({ factor: 3, rungs: 3 }),
  trials: 40,
})
