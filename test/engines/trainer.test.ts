/** What every engine's trainer guarantees. */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { Effect, type Scope } from "effect"
import { Engine, type FeedValues, type Program, type Trainer } from "../../engines/Engine.ts"
import * as Reference from "../../engines/reference.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { optimizers } from "../../schemas/experiment/Optimizer.ts"
import { enginesUnderTest } from "./engines.ts"
import { type Case, feedsOf, images, programOf } from "./training.ts"

const definition: Case = {
  model: [
    layers.conv2d({ filters: 16, kernelSize: 3, padding: "same", activation: "relu" }),
    layers.maxPooling2d(),
    layers.flatten(),
    layers.dense({ units: 5 }),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 3 }),
  ],
  optimizer: optimizers.adam({ learningRate: 1 }),
}

const slice = (program: Program, feeds: FeedValues, from: number, until: number) =>
  Object.fromEntries(
    program.feeds.map(({ name, shape }) => {
      const size = shape.reduce((product, length) => product * length, 1)
      return [name, feeds[name].subarray(from * size, until * size)]
    }),
  )

/** Trains iterations `from` to `until`, `chunk` in each call. */
const trainIn = Effect.fnUntraced(function* (
  trainer: Trainer,
  program: Program,
  feeds: FeedValues,
  from: number,
  until: number,
  chunk: number,
) {
  const losses: Array<number> = []
  for (let i = from; i < until; i += chunk) {
    const end = Math.min(until, i + chunk)
    losses.push(...(yield* trainer.train(end - i, slice(program, feeds, i, end))).losses)
  }
  return losses
})

for (const [name, layer] of Object.entries({ reference: Reference.layer, ...enginesUnderTest })) {
  describe(`a trainer of the ${name} engine`, () => {
    // oxlint-disable-next-line unicorn/consistent-function-scoping -- it is the layer that differs
    const promises = (fact: string, body: Effect.Effect<void, unknown, Engine | Scope.Scope>) =>
      it.effect(fact, () => Effect.provide(Effect.scoped(body), layer))

    promises(
      "leaves the feeds of a call as they were",
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const feeds = feedsOf(program, 3)
        const before = structuredClone(feeds)
        const trainer = yield* (yield* Engine).compile(program)
        yield* trainer.train(2, slice(program, feeds, 0, 2))
        yield* trainer.train(3, feeds)
        assert.deepStrictEqual(feeds, before)
      }),
    )

    promises(
      "trains on bytes to the bits of their 255ths, whatever their number",
      Effect.gen(function* () {
        const dense: Case = { model: [layers.flatten(), layers.dense({ units: 3 })] }
        const cases: ReadonlyArray<readonly [Case, number]> = [
          // No whole words of four bytes.
          [{ ...definition, inputShape: [6, 5, 1] }, 3],
          // As many as ONNX Runtime copies on several threads.
          [{ ...dense, inputShape: [256, 256, 1], batchSize: 16 }, 2],
        ]
        for (const [definition, iterations] of cases) {
          const results = []
          for (const imagesAreBytes of [false, true]) {
            const program = yield* programOf({ ...definition, imagesAreBytes })
            const feeds = feedsOf(program, iterations)
            const bytes = Uint8Array.from(feeds.images, (_, i) => (i * 37) % 256)
            const given = imagesAreBytes ? bytes : Float32Array.from(bytes, (byte) => byte / 255)
            const trainer = yield* (yield* Engine).compile(program)
            const { losses } = yield* trainer.train(iterations, { ...feeds, images: given })
            results.push({ losses, state: yield* trainer.state })
          }
          assert.deepStrictEqual(results[1], results[0])
        }
      }),
    )

    promises(
      "gives the same bits for any number of iterations per call",
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const feeds = feedsOf(program, 6)
        const results = []
        for (const chunk of [1, 2, 4, 6]) {
          const trainer = yield* (yield* Engine).compile(program)
          const losses = yield* trainIn(trainer, program, feeds, 0, 6, chunk)
          results.push({ losses, state: yield* trainer.state })
        }
        for (const result of results) assert.deepStrictEqual(result, results[0])
      }),
    )

    promises(
      "continues from a loaded state with the same bits",
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const feeds = feedsOf(program, 4)
        const first = yield* (yield* Engine).compile(program)
        yield* trainIn(first, program, feeds, 0, 2, 2)
        const saved = yield* first.state
        const second = yield* (yield* Engine).compile(program)
        yield* second.load(saved.toReversed())
        assert.deepStrictEqual(yield* second.state, saved)
        const uninterrupted = yield* trainIn(first, program, feeds, 2, 4, 2)
        const resumed = yield* trainIn(second, program, feeds, 2, 4, 1)
        assert.deepStrictEqual(resumed, uninterrupted)
        assert.deepStrictEqual(yield* second.state, yield* first.state)
      }),
    )

    promises(
      "starts from the program's initial values and does not change them",
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const before = program.variables.map((variable) => [...variable.dataSync()])
        const trainer = yield* (yield* Engine).compile(program)
        assert.deepStrictEqual(
          (yield* trainer.state).map(({ data }) => [...data]),
          before,
        )
        yield* trainer.train(1, feedsOf(program, 1))
        assert.deepStrictEqual(
          program.variables.map((variable) => [...variable.dataSync()]),
          before,
        )
      }),
    )

    promises(
      "returns a copy of the state that later iterations do not change",
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const trainer = yield* (yield* Engine).compile(program)
        const state = yield* trainer.state
        const copy = state.map(({ data }) => [...data])
        yield* trainer.train(2, feedsOf(program, 2))
        assert.deepStrictEqual(
          state.map(({ data }) => [...data]),
          copy,
        )
      }),
    )

    promises(
      "rejects the state of another model with every difference",
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const trainer = yield* (yield* Engine).compile(program)
        const state = yield* trainer.state
        const [kernel, bias, ...rest] = state
        const error = yield* Effect.flip(
          trainer.load([{ ...kernel, shape: [3, 3, 16, 1] }, { ...bias, name: "conv2d_9/bias" }, ...rest]),
        )
        assert.strictEqual(error._tag, "StateMismatch")
        assert.deepStrictEqual("problems" in error ? error.problems : [], [
          "conv2d_1/kernel has shape [3, 3, 16, 1], expected [3, 3, 1, 16]",
          "conv2d_1/bias is missing",
          "conv2d_9/bias is not in this model",
        ])
        assert.deepStrictEqual(yield* trainer.state, state)
      }),
    )

    promises(
      "predicts the same for any number of images",
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const trainer = yield* (yield* Engine).compile(program)
        const count = trainer.evaluationBatch + 3
        const all = images(count * 64)
        const together = yield* trainer.predict(all)
        assert.strictEqual(together.length, count * 3)
        for (const i of [0, 1, count - 2, count - 1]) {
          const alone = yield* trainer.predict(all.subarray(i * 64, (i + 1) * 64))
          assert.deepStrictEqual(alone, together.slice(i * 3, (i + 1) * 3))
        }
        for (let i = 0; i < count; i++) {
          const sum = together.subarray(i * 3, (i + 1) * 3).reduce((a, b) => a + b, 0)
          assert.closeTo(sum, 1, 1e-5)
        }
      }),
    )

    promises(
      "predicts with the current weights, not those at compilation",
      Effect.gen(function* () {
        const program = yield* programOf(definition)
        const trainer = yield* (yield* Engine).compile(program)
        const before = yield* trainer.predict(images(64))
        yield* trainer.train(3, feedsOf(program, 3))
        assert.notDeepEqual(yield* trainer.predict(images(64)), before)
      }),
    )

    promises(
      "keeps no tensor after its scope is closed",
      Effect.gen(function* () {
        const start = tf.memory().numTensors
        yield* Effect.scoped(
          Effect.gen(function* () {
            const program = yield* programOf(definition)
            const trainer = yield* (yield* Engine).compile(program)
            yield* trainer.train(1, feedsOf(program, 1))
            yield* trainer.predict(images(64))
          }),
        )
        assert.strictEqual(tf.memory().numTensors, start)
      }),
    )
  })
}

describe("a call of the onnx engine", () => {
  it.effect.each([
    { of: "a channel", filters: 1, size: 28, images: 1000 },
    // 26 · 26 · 48 · 4 = 130 KB per image.
    { of: "48 channels", filters: 48, size: 28, images: 100 },
    // 2.3 MB: 25 images are more than the limit.
    { of: "large images", filters: 64, size: 98, images: 25 },
  ])("predicts as many images as fit: of $of $images", ({ filters, images: expected, size }) =>
    Effect.gen(function* () {
      const program = yield* programOf({
        model: [layers.conv2d({ filters, kernelSize: 3 }), layers.flatten(), layers.dense({ units: 3 })],
        inputShape: [size, size, 1],
      })
      const trainer = yield* (yield* Engine).compile(program)
      assert.strictEqual(trainer.evaluationBatch, expected)
    }).pipe(Effect.scoped, Effect.provide(enginesUnderTest["onnx portable"])),
  )
})
