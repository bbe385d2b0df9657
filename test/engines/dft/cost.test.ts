/** Which convolutions are computed by the DFT, by their shapes and by the engine's path. */
import { assert, describe, it } from "@effect/vitest"
// oxlint-disable-next-line import/no-unassigned-import -- loading it registers the gradients of TensorFlow.js' kernels
import "@tensorflow/tfjs-layers"
import { Effect } from "effect"
import { batchSlices, isDftFaster } from "../../../engines/dft/cost.ts"
import { planDft } from "../../../engines/dft/plan.ts"
import { compilePredict, compileStep } from "../../../engines/onnx/compile.ts"
import { traceProgram } from "../../../engines/trace/traceProgram.ts"
import { layers } from "../../../schemas/experiment/Model.ts"
import { emulatedBlocked } from "../emulatedBlocked.ts"
import { programOf } from "../training.ts"
import { square, windowOf } from "./window.ts"

describe("the DFT is used for a convolution", () => {
  const [wide, first] = [
    (batch: number) => windowOf(batch, 32, 64, square(14, 5, 2), square(14, 5, 2)),
    (batch: number) => windowOf(batch, 1, 32, square(28, 5, 2), square(28, 5, 2)),
  ]
  for (const batch of [16, 50, 100, 1000]) {
    it(`in the second layer of the tutorials' network but not in the first, at batch ${batch}`, () => {
      assert.isTrue(isDftFaster(wide(batch), true))
      assert.isFalse(isDftFaster(first(batch), true))
    })
  }

  it("also with a batch that has no divisor for slices of 8 MiB: then they have up to 32 MiB", () => {
    const slices = (batch: number) => batchSlices(wide(batch), planDft(wide(batch)))
    assert.deepStrictEqual([slices(100), slices(500), slices(1000), slices(358)], [1, 10, 20, 2])
    assert.isTrue(isDftFaster(wide(358), true))
  })

  it("unless filters are small, images are large, or there are few channels", () => {
    const windows = {
      "a pixel": windowOf(100, 64, 64, square(14, 1, 0), square(14, 1, 0)),
      "3×3 over a large image": windowOf(100, 32, 32, square(28, 3, 1), square(28, 3, 1)),
      "few channels": windowOf(100, 8, 16, square(14, 5, 2), square(14, 5, 2)),
      "a large image": windowOf(16, 32, 32, square(64, 5, 2), square(64, 5, 2)),
    }
    for (const [name, window] of Object.entries(windows)) assert.isFalse(isDftFaster(window, true), name)
  })

  it("if it is trained, where prediction alone would not be worth it", () => {
    const window = windowOf(100, 64, 64, square(14, 3, 1), square(14, 3, 1))
    assert.isTrue(isDftFaster(window, true))
    assert.isFalse(isDftFaster(window, false))
  })

  it("unless the DFT of its filters would be too large", () => {
    const of = (channels: number) => windowOf(50, channels, channels, square(8, 3, 1), square(8, 3, 1))
    assert.isTrue(isDftFaster(of(128), true))
    assert.isFalse(isDftFaster(of(512), true))
  })

  it("unless the batch cannot be cut into equal slices of enough examples", () => {
    assert.isFalse(isDftFaster(wide(997), true))
  })

  it.effect("by the onnx engine in training and in prediction, on its fast path only", () =>
    Effect.gen(function* () {
      const program = yield* programOf({
        model: [
          layers.conv2d({ filters: 32, kernelSize: 5, padding: "same", activation: "relu" }),
          layers.maxPooling2d(),
          layers.conv2d({ filters: 64, kernelSize: 5, padding: "same", activation: "relu" }),
          layers.flatten(),
          layers.dense({ units: 3 }),
        ],
        inputShape: [28, 28, 1],
        batchSize: 16,
      })
      const { feeds, inputShape, predict, step, variables } = program
      const trained = yield* traceProgram("onnx", variables, feeds, step)
      const images = { name: "images", shape: [250, ...inputShape] }
      const predicted = yield* traceProgram("onnx", variables, [images], (fed) => ({
        probabilities: predict(fed.images as Parameters<typeof predict>[0]),
      }))
      /** Only its gradients have products with a transposed operand; all its nodes bear its layer's name. */
      const count = (model: Uint8Array, what: string) =>
        Buffer.from(model).toString("latin1").split(what).length - 1
      const blocked = emulatedBlocked(8)
      const [fast, portable] = [blocked, undefined].map((operators) => ({
        step: compileStep(trained, operators).model,
        predict: compilePredict(predicted, operators).model,
      }))
      assert.isAbove(count(fast.step, "FusedMatMul"), 0)
      assert.strictEqual(count(portable.step, "FusedMatMul"), 0)
      assert.isAbove(count(fast.predict, "/MatMul"), count(portable.predict, "/MatMul"))
    }),
  )
})
