/** The event file as TensorBoard itself reads it (`pip install tensorboard`; no TensorFlow is needed). */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Schema } from "effect"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { eventOpening } from "../../../stages/train/eventOpening.ts"
import { buildProgram } from "../../../stages/model/model.ts"
import {
  appendEvents,
  beginEvents,
  endEvents,
  type EventLog,
  writeTestEvents,
} from "../../../storage/tensorboard/eventLog.ts"
import tiny from "../../fixtures/tiny.ts"

const python = (...args: ReadonlyArray<string>) => spawnSync("python3", args, { encoding: "utf8" })
const reader = python("-c", "import tensorboard.backend.event_processing.event_accumulator").status === 0
const skipped = reader ? "" : " (skipped: python3 cannot import tensorboard)"

const startedAt = 1_795_312_800.25
const experiment = Schema.decodeUnknownSync(Experiment)(tiny)

it.live.skipIf(!reader)(
  `TensorBoard's reader finds scalars, graph, histograms, images and hyper-parameters${skipped}`,
  () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      const network = yield* buildProgram({ ...experiment, inputShape: [28, 28, 1], classes: 10 })
      const dataset = {
        name: "two",
        classes: 2,
        imageShape: [28, 28, 1] as const,
        images: new Uint8Array(2 * 784).fill(200),
        labels: Int32Array.of(0, 1),
        trainExamples: 2,
        testExamples: 0,
      }
      const log: EventLog = {
        folder,
        attempt: 1,
        startedAt,
        opening: yield* eventOpening({ experiment, network, dataset, train: Uint32Array.of(0, 1) }),
      }
      yield* beginEvents(log, 0, [])
      for (const iteration of [40, 80]) {
        const row = { split: "validation", iteration, epoch: 0, loss: 0.5, accuracy: 0, error: 1 } as const
        const weight = { name: "dense_1/kernel", data: Float32Array.of(-0.5, 0, 0.25, iteration) }
        yield* appendEvents(log, iteration, [row], [weight])
      }
      yield* endEvents(log)
      // The tested model is an earlier one than the last.
      yield* writeTestEvents(log, 40, { error: 0.25 })

      const script = fileURLToPath(new URL("readBack.py", import.meta.url))
      const { status, stderr, stdout } = python(script, folder)
      assert.strictEqual(status, 0, stderr)
      const found = JSON.parse(stdout)
      const at = (figure: number) => [40, 80].map((step) => [startedAt + step / 1000, step, figure])
      assert.deepStrictEqual(found.scalars, {
        "validation/loss": at(0.5),
        "validation/accuracy": at(0),
        "validation/error": at(1),
        "test/error": [[startedAt + 0.04, 40, 0.25]],
      })
      assert.deepStrictEqual(found.histograms, {
        "dense_1/kernel": [40, 80].map((step) => ({
          step,
          min: -0.5,
          max: step,
          num: 4,
          sum: step - 0.25,
          counted: 4,
        })),
      })
      assert.deepStrictEqual(found.images, {
        "examples/class_0": [[0, 28, 28, "PNG"]],
        "examples/class_1": [[0, 28, 28, "PNG"]],
      })
      assert.deepInclude(found.graph, ["conv2d_1/Conv2D", "Conv2D", ["images", "conv2d_1/kernel"]])
      assert.deepInclude(found.graph, ["images", "Placeholder", []])
      assert.deepInclude(found.hparams, {
        dataset: "mnist",
        batchSize: 30,
        "conv2d_1/useBias": true,
        seed: 0,
      })
      assert.strictEqual(found.status, 1, "STATUS_SUCCESS")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
)
