/**
 * One of our engines on one job: `node withEngine.ts FOLDER onnx|onnx-portable|tensorflow`.
 *
 * As the train stage has it: a turn's iterations in one call or two (the batches begin anew), dropout masks drawn for each.
 */
import { Effect } from "effect"
import { Engine } from "../../engines/Engine.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import * as TensorFlow from "../../engines/tensorflow/TensorFlow.ts"
import { fillDropoutMask } from "../../stages/model/dropout.ts"
import { toProbabilities } from "../../stages/evaluate/probabilities.ts"
import { rows, serve } from "./contender.ts"
import { loadExperiment, programOf, readJob } from "./job.ts"

const [folder, name] = process.argv.slice(2)
const { job, tensor } = await readJob(folder)
const { batch, batches, checks, checkedImages, threads } = job
const experiment = await loadExperiment(job.experiment)

const contend = Effect.gen(function* () {
  const program = yield* programOf(experiment, batch)
  const start = performance.now()
  const engine = yield* Engine
  const trainer = yield* engine.compile(program)
  const images = tensor("images").data
  const labels = tensor("labels").data
  const evaluation = tensor("evaluation").data
  const imageSize = evaluation.length / 1000
  const feedsOf = (from: number, iterations: number) => ({
    images: images.subarray(from * batch * imageSize, (from + iterations) * batch * imageSize),
    labels: labels.subarray(from * batch * 10, (from + iterations) * batch * 10),
    learningRate: new Float32Array(iterations).fill(job.learningRate),
  })
  const answers = toProbabilities(
    experiment.loss,
    yield* trainer.predict(evaluation.subarray(0, checkedImages * imageSize)),
    10,
  )
  const given = Object.fromEntries(program.dropoutMasks.map(({ feed }) => [feed, tensor(feed).data]))
  const { losses } = yield* trainer.train(checks, { ...feedsOf(0, checks), ...given })
  const prepareMs = performance.now() - start

  let position = 0
  const train = (iterations: number) =>
    Effect.gen(function* () {
      for (let left = iterations; left > 0;) {
        const from = position % batches
        const count = Math.min(left, batches - from)
        const drawn = program.dropoutMasks.map((mask): [string, Float32Array] => {
          const size = mask.shape.reduce((a, b) => a * b, 1)
          const values = new Float32Array(count * size)
          for (let i = 0; i < count; i++) {
            fillDropoutMask(mask, position + i, values.subarray(i * size, (i + 1) * size))
          }
          return [mask.feed, values]
        })
        const { losses } = yield* trainer.train(count, {
          ...feedsOf(from, count),
          ...Object.fromEntries(drawn),
        })
        if (!losses.every(Number.isFinite)) throw new Error(`the losses are ${losses.join()}`)
        position += count
        left -= count
      }
    })
  const { path, versions } = engine.info
  yield* Effect.promise(() =>
    serve(
      { losses: [...losses], answers: rows(answers, 10), prepareMs, versions: { ...versions, path } },
      {
        train: (iterations) => Effect.runPromise(train(iterations)),
        predict: () => Effect.runPromise(Effect.asVoid(trainer.predict(evaluation))),
      },
    ),
  )
})

const layer =
  name === "tensorflow"
    ? TensorFlow.layer({ threads })
    : Onnx.layer({ threads, path: name === "onnx-portable" ? "portable" : "auto" })

await Effect.runPromise(contend.pipe(Effect.scoped, Effect.provide(layer)))
