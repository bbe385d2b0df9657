/** The loss of a split is the loss that is minimized, and exported models predict the same probabilities. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as tf from "@tensorflow/tfjs-core"
import * as ort from "onnxruntime-node"
import { Engine } from "../../../engines/Engine.ts"
import * as Onnx from "../../../engines/onnx/Onnx.ts"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import { layers } from "../../../schemas/index.ts"
import { Model } from "../../../schemas/experiment/Model.ts"
import { exportModel } from "../../../stages/export/exportModel.ts"
import { toProbabilities } from "../../../stages/evaluate/probabilities.ts"
import { evaluate, meanLoss } from "../../../stages/evaluate/evaluate.ts"
import { probabilitiesOf } from "../../../stages/model/loss.ts"
import { predictedLabels } from "../../../stages/statistics/proportions.ts"
import { feedsOf, programOf } from "../../engines/training.ts"

const [examples, classes] = [5, 3]

describe("evaluate", () => {
  it.effect.each(["softmaxCrossEntropy", "sigmoidCrossEntropy", "meanSquaredError"] as const)(
    "measures the loss that training minimizes, and the same probabilities as an exported model: %s",
    (loss) =>
      Effect.gen(function* () {
        const activation = loss === "meanSquaredError" ? "sigmoid" : "linear"
        const model = [layers.flatten(), layers.dense({ units: classes, activation })] as const
        const network = yield* programOf({ model, loss })
        const trainer = yield* (yield* Engine).compile(network)
        const feeds = feedsOf(network, 1)
        const labels = Int32Array.from({ length: examples }, (_, i) =>
          feeds.labels.subarray(i * classes, (i + 1) * classes).indexOf(1),
        )
        const state = yield* trainer.state
        const images = (from: number, until: number) => feeds.images.slice(from * 64, until * 64)
        const evaluation = yield* evaluate(trainer, { examples, classes, labels, images }, loss)
        const { losses } = yield* trainer.train(1, feeds)
        assert.closeTo(evaluation.loss, losses[0], 1e-6)
        for (let row = 0; row < examples; row++) {
          const [a, b, c] = evaluation.probabilities.subarray(row * classes)
          assert.closeTo(a + b + c, 1, 1e-6)
        }

        const described = {
          run: "run",
          experiment: "experiment",
          fingerprint: "",
          iteration: 0,
          dataset: "mnist",
          datasetName: "mnist",
          inputShape: [8, 8, 1],
          classes,
          classNames: ["0", "1", "2"],
          loss,
          normalization: "unit",
          table: new Float32Array(256),
        } as const
        const parts = { network, state, model: Schema.decodeUnknownSync(Model)(model), described }
        const [{ bytes }] = yield* exportModel("onnx", parts)
        const session = yield* Effect.promise(() => ort.InferenceSession.create(bytes))
        const given = new ort.Tensor("float32", images(0, examples), [examples, 8, 8, 1])
        const { probabilities } = yield* Effect.promise(() => session.run({ images: given }))
        const exported = probabilities.data as Float32Array
        evaluation.probabilities.forEach((value, i) => assert.closeTo(exported[i], value, 1e-6))
        yield* Effect.promise(() => session.release())
      }).pipe(Effect.scoped, Effect.provide(Onnx.layer({ path: "portable", threads: 1 }))),
  )
})

describe("a logit of sigmoidCrossEntropy", () => {
  it("that is large counts as much as it should, where a sigmoid in float32 would be 0 or 1", () => {
    const loss = meanLoss("sigmoidCrossEntropy", Float32Array.of(100, -200, 0), [1], 3)
    assert.closeTo(loss, (100 + 200 + Math.log(2)) / 3, 1e-9)
    assert.closeTo(
      meanLoss("sigmoidCrossEntropy", Float32Array.of(-100, 200, 0), [1], 3),
      Math.log(2) / 3,
      1e-9,
    )
  })
})

describe("toProbabilities", () => {
  it("divides sigmoids of logits by their sum", () => {
    const logits = Float32Array.of(0, 0, Math.log(1 / 3))
    const probabilities = toProbabilities("sigmoidCrossEntropy", logits, 3)
    for (const [i, value] of [0.4, 0.4, 0.2].entries()) assert.closeTo(probabilities[i], value, 1e-6)
  })

  it("divides sigmoids that float32 cannot hold", () => {
    const logits = Float32Array.of(-200, -200 + Math.log(2), -200, -1e30, -1e30, -1e30)
    const probabilities = toProbabilities("sigmoidCrossEntropy", logits, 3)
    for (const [i, value] of [1 / 4, 1 / 2, 1 / 4, 1 / 3, 1 / 3, 1 / 3].entries()) {
      assert.closeTo(probabilities[i], value, 1e-6)
    }
  })

  it("keeps the class of the largest logit the most probable one, as training counts its errors", () => {
    const logits = Float32Array.of(18, 18, 25, 40, 30, 50, 60, 50, 40, 0, -200, -200)
    const probabilities = toProbabilities("sigmoidCrossEntropy", logits, 3)
    assert.deepStrictEqual([...predictedLabels(probabilities, 3)], [...predictedLabels(logits, 3)])
    for (const value of probabilities.subarray(0, 9)) assert.closeTo(value, 1 / 3, 1e-7)
  })

  it("divides outputs by their sum, unless the sum is 0", () => {
    const outputs = Float32Array.of(0.5, 1, 0.5, 0, 0, 0)
    assert.deepStrictEqual([...toProbabilities("meanSquaredError", outputs, 3)], [0.25, 0.5, 0.25, 0, 0, 0])
  })
})

describe("probabilitiesOf", () => {
  it("gives the same probabilities inside a program, for large and small logits too", () => {
    useCpuBackend()
    const rows = [0, 1, -1, 18, 25, 3, 80, -100, 90, -200, -201, -199, -1e4, 5, -300]
    const inside = tf.tidy(() => probabilitiesOf("sigmoidCrossEntropy", tf.tensor2d(rows, [5, 3])).dataSync())
    const expected = toProbabilities("sigmoidCrossEntropy", Float32Array.from(rows), 3)
    assert.strictEqual(inside.length, expected.length)
    expected.forEach((value, i) => assert.closeTo(inside[i], value, 1e-6))
    for (let row = 0; row < inside.length; row += 3) {
      assert.closeTo(inside[row] + inside[row + 1] + inside[row + 2], 1, 1e-6)
    }
  })
})
