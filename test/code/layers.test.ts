/** Layers of own code in this process: what they declare, what they throw and where, and their branch in training. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import { OwnCodeFailed } from "../../stages/code/load.ts"
import { checkStep } from "../../stages/model/checkStep.ts"
import { buildProgram } from "../../stages/model/model.ts"
import { ownShapes } from "../../stages/model/ownShapes.ts"
import { enginesUnderTest } from "../engines/engines.ts"
import { loadOwn } from "./loadOwn.ts"

useCpuBackend()

const imageShape = [4, 4, 1] as const
const classes = 10

/** An experiment whose first layer is `own` of this module. */
const load = async (text: string) => {
  const { code, functions, reference } = await loadOwn("layer", text)
  const experiment = Schema.decodeUnknownSync(Experiment)({
    name: "own",
    dataset: "mnist",
    loss: "softmaxCrossEntropy",
    batchSize: 4,
    budget: { iterations: 10 },
    optimizer: { kind: "sgd", learningRate: 0.1 },
    model: [{ ...reference, name: "mine" }, { kind: "flatten" }, { kind: "dense", units: classes }],
    code,
  })
  return { experiment, functions, reference }
}

/** Why the shape of the layer cannot be found. */
const shapeProblem = async (text: string) => {
  const { functions, reference } = await load(text)
  const failures: Array<OwnCodeFailed> = []
  const own = ownShapes(functions, (error) => failures.push(error))
  const shape = own("mine", { ...reference, name: "mine" }, [{ name: "images", shape: imageShape }])
  assert.isTrue(Result.isFailure(shape))
  return failures[0].message
}

const layer = (parts: string) => `export const own = defineLayer({
  ${parts}
  call: ({ input }) => input,
})`

describe("a layer of own code that declares something wrong", () => {
  const mistakes: ReadonlyArray<readonly [name: string, parts: string, problem: string]> = [
    [
      "no weights",
      "weights: () => undefined,",
      "weights gives undefined, expected an object with a weight under each name",
    ],
    ["a weight that is none", "weights: () => ({ a: 3 }),", "weight a: found number, expected an object"],
    ["a mask that is none", "masks: () => ({ a: null }),", "mask a: found null, expected an object"],
    [
      "a mask without a shape",
      "masks: () => ({ a: { rate: 0.5 } }),",
      "mask a: found the shape undefined, expected whole sizes",
    ],
    [
      "a weight whose size is no whole number",
      "weights: (_options, [[height]]) => ({ a: { shape: [height / 3] } }),",
      "weight a: found the shape [1.3333333333333333], expected whole sizes",
    ],
    [
      "another number of values",
      "weights: () => ({ a: { shape: [3], values: [1, 2] } }),",
      "weight a: found 2 values, expected 3 for [3]",
    ],
    [
      "a rate beyond 1",
      "masks: () => ({ a: { shape: [3], rate: 1 } }),",
      "mask a: found the rate 1, expected 0 to below 1",
    ],
    [
      "weights that throw",
      `weights: () => { throw new Error("no weights") },`,
      "no weights, at weights (own.ts:5)",
    ],
    [
      "a field that throws",
      `weights: () => ({ a: { get shape() { throw new Error("no shape") } } }),`,
      "no shape, at get (own.ts:5)",
    ],
    [
      "a clock in its weights",
      "weights: () => ({ a: { shape: [Date.now()] } }),",
      "it calls Date.now in weights (own.ts:5)",
    ],
  ]
  for (const [name, parts, problem] of mistakes) {
    it(`fails with the layer: ${name}`, async () => {
      assert.include(
        await shapeProblem(layer(parts)),
        `own code own of own.ts failed: layer mine: ${problem}`,
      )
    })
  }
})

describe("a layer of own code that throws", () => {
  const called = (body: string) => `export const own = defineLayer({
  call: ({ input }) => tf.tidy(() => {
    ${body}
  }),
})`

  it("in a callback has its layer and its line", async () => {
    assert.match(
      await shapeProblem(called(`throw new Error("inner")`)),
      /^own code own of own\.ts failed: layer mine: inner, at (?:.* \()?own\.ts:6\)?$/,
    )
    assert.match(
      await shapeProblem(called("return tf.add(input, input.arraySync()[0])")),
      /failed: layer mine: input input\/0 is read during the trace, before it has a number, at .*own\.ts:6/,
    )
    assert.match(
      await shapeProblem(called("return tf.matMul(input, tf.zeros([3, 3]))")),
      /failed: layer mine: .*inner.*, at .*own\.ts:6/i,
    )
  })

  it("in its gradient has its line", async () => {
    const problemOf = async (body: string) => {
      const { experiment } = await load(`export const own = defineLayer({
  weights: () => ({ a: { shape: [1] } }),
  call: ({ input, weights }) => tf.customGrad((x, save) => {
    save([x])
    return { value: tf.mul(x, 2), gradFunc: (dy, [saved]) => { ${body} } }
  })(tf.mul(weights.a, input)),
})`)
      const error = await Effect.runPromise(Effect.flip(checkStep(experiment, { imageShape, classes })))
      assert.strictEqual(error._tag, "OwnCodeFailed")
      return error.message
    }
    assert.match(
      await problemOf(`throw new Error("no gradient")`),
      /^own code own of own\.ts failed: the training step fails: no gradient, at .*own\.ts:8\)?$/,
    )
    assert.match(
      await problemOf("return tf.mul(dy, saved.dataSync()[0])"),
      /^own code own of own\.ts failed: layer mine: a value of Mul is read during the trace, .* at .*own\.ts:8\)?$/,
    )
  })
})

describe("a layer of own code in training", () => {
  const images = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i) ** 2)
  const labels = new Float32Array(4 * classes)
  for (let row = 0; row < 4; row++) labels[row * classes + row] = 1

  /** The loss of one iteration, and the predictions before it. */
  const train = Effect.fnUntraced(function* (experiment: Experiment, masks: Record<string, Float32Array>) {
    const network = yield* buildProgram({ ...experiment, inputShape: [...imageShape], classes })
    const trainer = yield* (yield* Engine).compile(network)
    const predictions = yield* trainer.predict(images)
    const learningRate = Float32Array.of(0.1)
    const { losses } = yield* trainer.train(1, { images, labels, learningRate, ...masks })
    return {
      loss: losses[0],
      predictions: [0, 1].map((row) => [...predictions.subarray(row * 10, row * 10 + 10)]),
    }
  }, Effect.scoped)

  for (const [engine, services] of Object.entries(enginesUnderTest)) {
    it.effect(`gets training: true there and false in prediction, on the ${engine} engine`, () =>
      Effect.gen(function* () {
        const { experiment } = yield* Effect.promise(() =>
          load(`export const own = defineLayer({
  call: ({ input, masks, training }) => {
    if (training !== (masks !== undefined)) throw new Error("masks are for training")
    return tf.mul(input, training ? 0 : 1)
  },
})`),
        )
        const { loss, predictions } = yield* Effect.provide(train(experiment, {}), services)
        // Images of zeros, and biases of zeros: all classes are equal.
        assert.closeTo(loss, Math.log(classes), 1e-6)
        assert.notDeepEqual(predictions[0], predictions[1])
      }),
    )

    it.effect(`takes softmax along any axis, on the ${engine} engine`, () =>
      Effect.gen(function* () {
        const problem = yield* Effect.promise(() =>
          shapeProblem(layer("").replace("=> input", "=> tf.softmax(input, 4)")),
        )
        assert.match(problem, /softmax: found axis 4, expected a whole number from -4 to 3, at .*own\.ts:6/)
        const { experiment } = yield* Effect.promise(() =>
          load(`export const own = defineLayer({
  call: ({ input }) => tf.sub(tf.exp(tf.logSoftmax(tf.mul(input, 3), -3)), tf.softmax(tf.mul(input, 3), 1)),
})`),
        )
        const { predictions } = yield* Effect.provide(train(experiment, {}), services)
        // The difference is zero, and biases are zeros: all classes are equal.
        for (const probability of predictions.flat()) assert.closeTo(probability, 1 / classes, 1e-6)
      }),
    )

    it.effect(`gets its masks in training only, on the ${engine} engine`, () =>
      Effect.gen(function* () {
        const { experiment } = yield* Effect.promise(() =>
          load(`export const own = defineLayer({
  masks: (_options, [shape]) => ({ none: { shape, rate: 0.5 }, all: { shape, rate: 0 } }),
  call: ({ input, masks }) => masks === undefined ? input : tf.mul(input, tf.mul(masks.none, masks.all)),
})`),
        )
        const masks = (none: number) => ({
          "mine/none/mask": new Float32Array(64).fill(none),
          "mine/all/mask": new Float32Array(64).fill(1),
        })
        const dropped = yield* Effect.provide(train(experiment, masks(0)), services)
        const kept = yield* Effect.provide(train(experiment, masks(1)), services)
        assert.closeTo(dropped.loss, Math.log(classes), 1e-6)
        assert.notStrictEqual(kept.loss, dropped.loss)
        assert.deepStrictEqual(kept.predictions, dropped.predictions)
        assert.notDeepEqual(kept.predictions[0], kept.predictions[1])
      }),
    )
  }
})
