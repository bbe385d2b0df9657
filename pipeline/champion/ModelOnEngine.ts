/**
 * A trained run that computes: (run, engine) -> what it answers to another run's test split, and how long an image takes.
 *
 * The champion is asked anew only where the test data changed, so that old and new are judged on the same examples.
 */
import { Context, Effect, Layer, Result } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { type EngineName, selectEngine } from "../../engines/select.ts"
import { evaluationImages } from "../../stages/batch/fillBatch.ts"
import { evaluate } from "../../stages/train/evaluate.ts"
import { loadDataset } from "../../stages/validate/load.ts"
import { splitDataset } from "../../stages/validate/split.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { elapsedMs } from "../words/elapsed.ts"
import { openTrainedModel } from "../trainedModel.ts"
import { type Answers, exampleKey, readFetched } from "./answers.ts"

/** Predictions before and while the clock is looked at. */
const warmUp = 10
const timed = 101

/** On the engine the run was trained on, unless another is asked for. */
const compiled = Effect.fnUntraced(function* (run: Run, engine: EngineName | undefined) {
  const model = yield* openTrainedModel(run, undefined)
  const services = yield* Layer.build(selectEngine(engine ?? run.identity.engine.name))
  const trainer = yield* Context.get(services, Engine).compile(model.network)
  yield* trainer.load(model.checkpoint.state)
  return { model, trainer }
})

/** Median time of predicting one image, in milliseconds. */
export const measureLatency = Effect.fn("measureLatency")(function* (
  run: Run,
  engine: EngineName | undefined,
) {
  const { model, trainer } = yield* compiled(run, engine)
  const image = new Float32Array(model.dataset.imageShape.reduce((a, b) => a * b))
  const times: Array<number> = []
  for (let i = 0; i < warmUp + timed; i++) {
    const before = yield* elapsedMs
    yield* trainer.predict(image)
    times.push((yield* elapsedMs) - before)
  }
  return times.slice(warmUp).sort((a, b) => a - b)[(timed - 1) / 2]
}, Effect.scoped)

/** What `run` answers to the test split of `other`; fails in words where it cannot. */
export const answerTestOf = Effect.fn("answerTestOf")(function* (
  run: Run,
  other: Run,
  engine: EngineName | undefined,
) {
  const fetched = yield* readFetched(other.path)
  if (fetched === undefined) return Result.fail(`${other.identity.id} has no record of its dataset`)
  const { model, trainer } = yield* compiled(run, engine)
  const { classes, imageShape } = model.dataset
  if (fetched.classes !== classes || fetched.imageShape.join() !== imageShape.join()) {
    return Result.fail("its network is for images of another shape or for other classes")
  }
  const dataset = yield* loadDataset(fetched)
  const split = yield* Effect.fromResult(splitDataset(other.identity.experiment.split, dataset))
  const indices = split.test
  const labels = Int32Array.from(indices, (index) => dataset.labels[index])
  const { probabilities } = yield* evaluate(
    trainer,
    {
      examples: indices.length,
      classes,
      labels,
      images: evaluationImages({ dataset, indices, table: model.table }),
    },
    run.identity.experiment.loss,
  )
  const keys = Array.from(indices, exampleKey(fetched, dataset.trainExamples))
  return Result.succeed<Answers>({ keys, labels, classes, probabilities })
}, Effect.scoped)
