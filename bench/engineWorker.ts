/**
 * One engine at one batch size, in a process of its own. For each request it measures an iteration, or the prediction of 1000
 * images, and sends the result. Driven by `engine.ts`.
 */
import { Deferred, Effect, Queue, Schema } from "effect"
import { Engine } from "../engines/Engine.ts"
import * as Onnx from "../engines/onnx/Onnx.ts"
import * as TensorFlow from "../engines/tensorflow/TensorFlow.ts"
import cnn from "../experiments/cnn.ts"
import { layers } from "../schemas/experiment/Model.ts"
import { Experiment } from "../schemas/experiment/Experiment.ts"
import { buildProgram } from "../stages/model/model.ts"
import { byteFeedsOf, fillImages } from "./feeds.ts"

export interface Request {
  readonly task: "train" | "predict"
}
export interface Measurement {
  readonly path: string
  /** Iterations in the timed call. */
  readonly iterations: number
  readonly milliseconds: number
  readonly peakMiB: number
}

const [batchSize, path, chunk] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])]
const { loss, model, optimizer } = Schema.decodeUnknownSync(Experiment)({
  ...cnn,
  // Dropout as in cnn-dropout.
  model: [...cnn.model.slice(0, -1), layers.dropout({ rate: 0.5 }), ...cnn.model.slice(-1)],
})
const shared = { model, loss, optimizer, classes: 10, inputShape: [28, 28, 1], seed: 0 } as const
const pixels = 28 * 28

const measure = Effect.gen(function* () {
  const network = yield* buildProgram({ ...shared, batchSize, imagesAreBytes: true })
  const engine = yield* Engine
  const trainer = yield* engine.compile(network)
  const iterations = chunk || Math.max(1, Math.round(1000 / batchSize))
  const images = new Float32Array(1000 * pixels)
  fillImages(images, pixels)
  const tasks = {
    train: trainer.train(iterations, byteFeedsOf(network, iterations)),
    predict: trainer.predict(images),
  }
  return Effect.fnUntraced(function* ({ task }: Request) {
    const start = performance.now()
    yield* tasks[task]
    return {
      path: engine.info.path,
      iterations,
      milliseconds: (performance.now() - start) / (task === "train" ? iterations : 1),
      peakMiB: process.resourceUsage().maxRSS / 1024,
    } satisfies Measurement
  })
})

/** Answers requests until the parent process disconnects. */
const serve = Effect.gen(function* () {
  const run = yield* measure
  const requests = yield* Queue.unbounded<Request>()
  process.on("message", (request: Request) => Queue.offerUnsafe(requests, request))
  const stopped = yield* Deferred.make<void>()
  process.on("disconnect", () => Deferred.doneUnsafe(stopped, Effect.void))
  const next = Effect.gen(function* () {
    process.send?.(yield* run(yield* Queue.take(requests)))
  })
  process.send?.("ready")
  yield* Effect.raceFirst(Effect.forever(next), Deferred.await(stopped))
})

const layer =
  path === "tensorflow" ? TensorFlow.layer() : Onnx.layer({ path: path === "portable" ? "portable" : "auto" })

await Effect.runPromise(serve.pipe(Effect.scoped, Effect.provide(layer)))
