/**
 * A trained run on an engine: (run, engine) -> its predictions for another run's test split, and its latency.
 *
 * The champion predicts again only if the test data changed, so that both models are judged on the same examples:
 * those that neither was trained on, because with another split the champion may have been trained on the
 * challenger's test examples.
 */
import { Context, Effect, Layer, Result } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import { engineChoiceOf, type EngineName } from "../../schemas/EngineInfo.ts"
import { evaluationImages } from "../../stages/batch/fillBatch.ts"
import { evaluate } from "../../stages/evaluate/evaluate.ts"
import { withImageReads } from "../../stages/dataset/images.ts"
import { loadDataset } from "../../stages/dataset/load.ts"
import { splitDataset } from "../../stages/dataset/split.ts"
import { engineOf, type Run } from "../../storage/runDirectory.ts"
import { elapsedMs } from "../../format/elapsed.ts"
import { preprocessDataset } from "../../stages/dataset/preprocess.ts"
import { openTrainedModel } from "../../inspect/trainedModel.ts"
import { exampleKey, type KeyedPredictions } from "./keyedPredictions.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import { findUnseenByLineage } from "../../pipeline/lineage/parents.ts"
import { program } from "../../format/program.ts"

/** Predictions before the measurement, and in it. */
const warmUp = 10
const timed = 101

/**
 * The fewest test examples for a comparison; half of the test split if it is smaller. On 100, a model that is worse
 * by 5 points differs on five, the fewest for which McNemar's test can give a p below 0.05.
 */
const minExamples = 100

/** On the engine that trained the run last, unless another one is given. */
const compileRun = Effect.fnUntraced(function* (run: Run, engine: EngineName | undefined) {
  const model = yield* openTrainedModel(run, undefined)
  const services = yield* Layer.build(selectEngine(engine ?? engineChoiceOf(engineOf(run))))
  const trainer = yield* Context.get(services, Engine).compile(model.network)
  yield* trainer.load(model.checkpoint.state)
  return { model, trainer }
})

/** Median time of predicting one image, in milliseconds. */
export const measureLatency = Effect.fn("measureLatency")(function* (
  run: Run,
  engine: EngineName | undefined,
) {
  const { model, trainer } = yield* compileRun(run, engine)
  const image = new Float32Array(model.dataset.imageShape.reduce((a, b) => a * b))
  const times: Array<number> = []
  for (let i = 0; i < warmUp + timed; i++) {
    const before = yield* elapsedMs
    yield* trainer.predict(image)
    times.push((yield* elapsedMs) - before)
  }
  return times.slice(warmUp).sort((a, b) => a - b)[(timed - 1) / 2]
}, Effect.scoped)

/**
 * The predictions of `run` for the test examples of `other` that it was not trained on; fails with the reason if it
 * cannot.
 */
export const predictTestSplit = Effect.fn("predictTestSplit")(
  function* (run: Run, other: Run, engine: EngineName | undefined) {
    const own = yield* readFetched(run.path)
    const fetched = yield* readFetched(other.path)
    if (own === undefined) return Result.fail(`${run.identity.id} has no record of its dataset`)
    if (fetched === undefined) return Result.fail(`${other.identity.id} has no record of its dataset`)
    const { model, trainer } = yield* compileRun(run, engine)
    const { classes, imageShape } = model.dataset
    if (fetched.classes !== classes || fetched.imageShape.join() !== imageShape.join()) {
      return Result.fail("its network expects images of another shape, or other classes")
    }
    const dataset = yield* loadDataset(fetched)
    const { test } = yield* splitDataset(other.identity.experiment.split, dataset)
    const found = yield* findUnseenByLineage(run, own, fetched, dataset, test).pipe(Effect.result)
    if (Result.isFailure(found)) {
      return Result.fail(`its training examples cannot be read: ${found.failure.message}`)
    }
    const indices = found.success
    const least = Math.min(minExamples, Math.ceil(test.length / 2))
    if (indices.length < least) {
      return Result.fail(
        `it was trained on all but ${indices.length} of the ${test.length} test examples, and ${least} are needed; decide with \`${program} promote ${other.identity.id}\``,
      )
    }
    const prepared = yield* preprocessDataset(model.preprocess, dataset)
    const labels = Int32Array.from(indices, (index) => dataset.labels[index])
    const { probabilities } = yield* evaluate(
      trainer,
      {
        examples: indices.length,
        classes,
        labels,
        images: evaluationImages({ dataset: prepared, indices, table: model.table }),
      },
      run.identity.experiment.loss,
    )
    const keys = Array.from(indices, exampleKey(fetched, dataset.trainExamples))
    return Result.succeed<KeyedPredictions>({ keys, labels, classes, probabilities })
  },
  Effect.scoped,
  withImageReads,
)
