/** The report of a real model, with the reference engine. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Path } from "effect"
import { Engine } from "../../../engines/Engine.ts"
import * as Reference from "../../../engines/reference.ts"
import { layers } from "../../../schemas/experiment/Model.ts"
import { report } from "../../../stages/report/report.ts"
import { programOf } from "../../engines/training.ts"

describe("report", () => {
  it.effect("fails with a message if a prediction is not a number, and writes no predictions", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const predictions = (yield* Path.Path).join(
        yield* fs.makeTempDirectoryScoped(),
        "predictions.safetensors",
      )
      const program = yield* programOf({
        model: [layers.flatten(), layers.dense({ units: 3 })],
        inputShape: [4, 4, 1],
      })
      const trainer = yield* (yield* Engine).compile(program)
      // Finite weights whose products are not.
      const state = (yield* trainer.state).map((one) => ({ ...one, data: one.data.fill(3e38) }))
      yield* trainer.load(state)
      const error = yield* Effect.flip(
        report({
          trainer,
          test: { examples: 2, classes: 3, labels: [0, 1], images: () => new Float32Array(32).fill(1) },
          iteration: 40,
          indices: Uint32Array.of(0, 1),
          loss: "softmaxCrossEntropy",
          predictions,
          fingerprint: "f",
        }),
      )
      assert.strictEqual(
        error.message,
        "training diverged: the test loss is NaN at iteration 40; try a smaller learning rate",
      )
      assert.isFalse(yield* fs.exists(predictions))
    }).pipe(Effect.scoped, Effect.provide(Reference.layer), Effect.provide(NodeServices.layer)),
  )
})
