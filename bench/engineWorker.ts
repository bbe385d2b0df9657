/**
 * One engine at one batch size, in a process of its own: asked for a sample, it answers the milliseconds of one
 * iteration or of predicting 1000 images, and its peak memory. Driven by `engine.ts`.
 */
import { Deferred, Effect, Queue, Schema } from "effect"
import { Engine } from "../engines/Engine.ts"
import * as Onnx from "../engines/onnx/Onnx.ts"
import * as TensorFlow from "../engines/tensorflow/TensorFlow.ts"
import cnn from "../experiments/cnn.ts"
import { layers } from "../schemas/Model.ts"
import { Experiment } from "../schemas/Experiment.ts"
import { fillDropoutMask } from "../stages/model/dropout.ts"
import { buildProgram } from "../stages/model/model.ts"

export interface Request {
  readonly sample: "train" | "predict"
}
export interface Answer {
  readonly path: string
  /** Iterations in the timed call. */
  readonly iterations: number
  readonly milliseconds: number
  readonly peakMiB: number
}

const [batchSize, path, chunk] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])]
const { loss, model, optimizer } = Schema.decodeUnknownSync(Experiment)({
  ...cnn,
  // With the dropout of the tutorials that have one.
  model: [...cnn.model.slice(0, -1), layers.dropout({ rate: 0.5 }), ...cnn.model.slice(-1)],
})

const serve = Effect.gen(function* () {
  const program = yield* buildProgram({
    model,
    loss,
    optimizer,
    batchSize,
    classes: 10,
    inputShape: [28, 28, 1],
    seed: 0,
  })
  const engine = yield* Engine
  const trainer = yield* engine.compile(program)
  const iterations = chunk || Math.max(1, Math.round(1000 / batchSize))
  const feeds: Record<string, Float32Array> = {}
  for (const { name, shape } of program.feeds) {
    feeds[name] = new Float32Array(shape.reduce((product, size) => product * size, iterations))
  }
  // A fifth of a handwritten digit's pixels are not black.
  feeds.images.forEach((_, i) => (feeds.images[i] = i % 784 < 160 ? Math.abs(Math.sin(i)) : 0))
  for (let i = 0; i < iterations * batchSize; i++) feeds.labels[i * 10 + (i % 10)] = 1
  feeds.learningRate.fill(1e-4)
  for (const mask of program.dropoutMasks) fillDropoutMask(mask, 0, feeds[mask.feed])
  const images =
    feeds.images.length >= 784_000 ? feeds.images.subarray(0, 784_000) : new Float32Array(784_000)
  const samples = { train: trainer.train(iterations, feeds), predict: trainer.predict(images) }
  const requests = yield* Queue.unbounded<Request>()
  process.on("message", (request: Request) => Queue.offerUnsafe(requests, request))
  const stopped = yield* Deferred.make<void>()
  process.on("disconnect", () => Deferred.doneUnsafe(stopped, Effect.void))
  const loop = Effect.gen(function* () {
    const { sample } = yield* Queue.take(requests)
    const start = performance.now()
    yield* samples[sample]
    const milliseconds = (performance.now() - start) / (sample === "train" ? iterations : 1)
    const peakMiB = process.resourceUsage().maxRSS / 1024
    process.send?.({ path: engine.info.path, iterations, milliseconds, peakMiB } satisfies Answer)
  })
  process.send?.("ready")
  yield* Effect.raceFirst(Effect.forever(loop), Deferred.await(stopped))
})

const layer =
  path === "tensorflow" ? TensorFlow.layer() : Onnx.layer({ path: path === "portable" ? "portable" : "auto" })

await Effect.runPromise(serve.pipe(Effect.scoped, Effect.provide(layer)))
