/**
 * One of our engines on one job: `node withEngine.ts FOLDER onnx|onnx-portable|tensorflow`.
 *
 * As in the train stage: the iterations of a turn in one call or two (when the batches begin again), dropout masks drawn for each.
 */
import { Effect } from "effect"
import { Engine, type Trainer } from "../../engines/Engine.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import * as TensorFlow from "../../engines/tensorflow/TensorFlow.ts"
import { imagesStayBytes } from "../../stages/batch/fillBatch.ts"
import { fillDropoutMask } from "../../stages/model/dropout.ts"
import type { Network } from "../../stages/model/model.ts"
import { toProbabilities } from "../../stages/evaluate/probabilities.ts"
import { type Ready, rowsOf, serve } from "./contender.ts"
import { loadExperiment, programOf, readJob } from "./job.ts"

const [folder, name] = process.argv.slice(2)
const { job, tensor } = await readJob(folder)
const { batch, batches, checks, checkedImages, threads } = job
const experiment = await loadExperiment(job.experiment)
const images = tensor("images").data
/** As in a training, our engines are given bytes, and divide them by 255. */
const imagesAreBytes = imagesStayBytes(experiment)
const toBytes = (values: ArrayLike<number>) => {
  const bytes = new Uint8Array(values.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.round(255 * values[i])
  return bytes
}
const given = imagesAreBytes ? toBytes(images) : images
const labels = tensor("labels").data
const evaluation = tensor("evaluation").data
const imageSize = evaluation.length / 1000

/** The feeds of iterations in a row, without dropout masks. */
const feedsOf = (from: number, iterations: number) => ({
  images: given.subarray(from * batch * imageSize, (from + iterations) * batch * imageSize),
  labels: labels.subarray(from * batch * 10, (from + iterations) * batch * 10),
  learningRate: new Float32Array(iterations).fill(job.learningRate),
})

/** The dropout masks of iterations in a row. */
const drawMasks = ({ dropoutMasks }: Network, from: number, iterations: number) =>
  Object.fromEntries(
    dropoutMasks.map((mask) => {
      const size = mask.shape.reduce((a, b) => a * b, 1)
      const values = new Float32Array(iterations * size)
      for (let i = 0; i < iterations; i++) {
        fillDropoutMask(mask, from + i, values.subarray(i * size, (i + 1) * size))
      }
      return [mask.feed, values]
    }),
  )

/** Continues where the last turn ended; the batches begin again after the last one. */
const makeTrain = (network: Network, trainer: Trainer) => {
  let position = 0
  return Effect.fnUntraced(function* (iterations: number) {
    for (let left = iterations; left > 0;) {
      const from = position % batches
      const count = Math.min(left, batches - from)
      const masks = drawMasks(network, position, count)
      const { losses } = yield* trainer.train(count, { ...feedsOf(from, count), ...masks })
      if (!losses.every(Number.isFinite)) {
        throw new Error(`training failed: found losses ${losses.join()}, expected finite ones`)
      }
      position += count
      left -= count
    }
  })
}

const contend = Effect.gen(function* () {
  const network = yield* programOf(experiment, batch, imagesAreBytes)
  const start = performance.now()
  const { compile, info } = yield* Engine
  const trainer = yield* compile(network)
  const predictions = toProbabilities(
    experiment.loss,
    yield* trainer.predict(evaluation.subarray(0, checkedImages * imageSize)),
    10,
  )
  const masks = Object.fromEntries(network.dropoutMasks.map(({ feed }) => [feed, tensor(feed).data]))
  const { losses } = yield* trainer.train(checks, { ...feedsOf(0, checks), ...masks })
  const ready: Ready = {
    losses: [...losses],
    predictions: rowsOf(predictions, 10),
    prepareMs: performance.now() - start,
    versions: { ...info.versions, path: info.path },
  }
  const train = makeTrain(network, trainer)
  yield* Effect.promise(() =>
    serve(ready, {
      train: (iterations) => Effect.runPromise(train(iterations)),
      predict: () => Effect.runPromise(Effect.asVoid(trainer.predict(evaluation))),
    }),
  )
})

const layer =
  name === "tensorflow"
    ? TensorFlow.layer({ threads })
    : Onnx.layer({ threads, path: name === "onnx-portable" ? "portable" : "auto" })

await Effect.runPromise(contend.pipe(Effect.scoped, Effect.provide(layer)))
