/**
 * Average pooling with windows beyond the edge of the image. The gradient of TensorFlow.js is wrong there, so engines are
 * compared with finite differences of the loss.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { optimizers } from "../../schemas/experiment/Optimizer.ts"
import { enginesUnderTest } from "./engines.ts"
import { feedsOf, programOf } from "./training.ts"

const definition = {
  model: [
    layers.conv2d({ filters: 2, kernelSize: 1, activation: "tanh" }),
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }),
    layers.flatten(),
    layers.dense({ units: 3 }),
  ],
  optimizer: optimizers.sgd({ learningRate: 1 }),
  inputShape: [6, 5, 1],
} as const

describe("the gradient of average pooling at the edges", () => {
  for (const [engine, layer] of Object.entries(enginesUnderTest)) {
    it.effect(`equals finite differences (${engine})`, () =>
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const trainer = yield* (yield* Engine).compile(program)
        const start = yield* trainer.state
        const feeds = feedsOf(program, 1, 1)
        yield* trainer.train(1, feeds)
        const moved = yield* trainer.state
        const lossAt = Effect.fnUntraced(function* (tensor: number, element: number, value: number) {
          const data = Float32Array.from(start[tensor].data)
          data[element] = value
          yield* trainer.load(start.map((original, i) => (i === tensor ? { ...original, data } : original)))
          return (yield* trainer.train(1, feeds)).losses[0]
        })
        const distance = 1e-2
        for (const tensor of [0, 1]) {
          for (let element = 0; element < start[tensor].data.length; element++) {
            const value = start[tensor].data[element]
            const slope =
              ((yield* lossAt(tensor, element, value + distance)) -
                (yield* lossAt(tensor, element, value - distance))) /
              (2 * distance)
            // With a learning rate of 1, gradient descent moves a weight by its gradient.
            const gradient = value - moved[tensor].data[element]
            assert.closeTo(gradient, slope, 1e-3 * Math.max(1, Math.abs(slope)))
          }
        }
      }).pipe(Effect.scoped, Effect.provide(layer)),
    )
  }
})
