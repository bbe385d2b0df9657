/**
 * Large feeds are read in pieces, and large weights are updated in tiles even if other values have their shape: with 736 examples, inputs and units, everything
 * that a dense layer computes is as large as its kernel.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Engine, type FeedValues } from "../../engines/Engine.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { type Case, feedsOf, programOf, relativeError } from "./training.ts"

const cases: Readonly<Record<string, Case["model"]>> = {
  "without a bias": [
    layers.flatten(),
    layers.dense({ units: 736, useBias: false, activation: "relu" }),
    layers.dense({ units: 3 }),
  ],
  "before batch normalization": [
    layers.flatten(),
    layers.dense({ units: 736, useBias: false }),
    layers.batchNormalization(),
    layers.activation({ activation: "relu" }),
    layers.dense({ units: 3 }),
  ],
}

const twice = (values: Float32Array) => Float32Array.from([...values, ...values])

/** The feeds of one iteration of two. */
const only = (feeds: FeedValues, i: number) =>
  Object.fromEntries(
    Object.entries(feeds).map(([name, data]) => [
      name,
      data.subarray((i * data.length) / 2, ((i + 1) * data.length) / 2),
    ]),
  )

/** One iteration on 368 examples, each of them `times` in the batch. */
const trained = Effect.fnUntraced(function* (model: Case["model"], times: 1 | 2) {
  const inputShape = [23, 32, 1] as const
  const feeds = feedsOf(yield* programOf({ model, inputShape, batchSize: 368 }), 1)
  const program = yield* programOf({ model, inputShape, batchSize: times * 368 })
  const trainer = yield* (yield* Engine).compile(program)
  const examples =
    times === 1 ? feeds : { ...feeds, images: twice(feeds.images), labels: twice(feeds.labels) }
  const { losses } = yield* trainer.train(1, examples)
  return { losses, state: yield* trainer.state }
}, Effect.scoped)

describe("a batch of 2^18 values or more, which is copied in pieces", () => {
  it.effect("trains two iterations in one call to the bits of two calls", () =>
    Effect.gen(function* () {
      const program = yield* programOf({
        model: [layers.flatten(), layers.dense({ units: 3 })],
        inputShape: [64, 64, 1],
        batchSize: 64,
      })
      const feeds = feedsOf(program, 2)
      assert.isAtLeast(feeds.images.length / 2, 2 ** 18)
      assert.notDeepEqual(only(feeds, 0).images, only(feeds, 1).images)
      const engine = yield* Engine
      const together = yield* engine.compile(program)
      const apart = yield* engine.compile(program)
      const { losses } = yield* together.train(2, feeds)
      const first = yield* apart.train(1, only(feeds, 0))
      const second = yield* apart.train(1, only(feeds, 1))
      assert.deepStrictEqual([...losses], [...first.losses, ...second.losses])
      assert.deepStrictEqual(yield* together.state, yield* apart.state)
    }).pipe(Effect.scoped, Effect.provide(Onnx.layer({ path: "portable", threads: 2 }))),
  )
})

describe("a dense layer with as many units and inputs as examples", () => {
  for (const [name, model] of Object.entries(cases)) {
    it.effect(`${name} learns the same from examples given twice and once`, () =>
      Effect.gen(function* () {
        const once = yield* trained(model, 1)
        const both = yield* trained(model, 2)
        assert.isBelow(relativeError(both.losses, once.losses), 1e-5)
        for (const [i, { data, name }] of both.state.entries()) {
          assert.isBelow(relativeError(data, once.state[i].data), 1e-5, name)
        }
      }).pipe(Effect.provide(Onnx.layer({ path: "portable", threads: 1 }))),
    )
  }
})
