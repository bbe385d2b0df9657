/**
 * A trained run that computes: (run, engine) -> what it answers to another run's test split, and how long an image takes.
 *
 * The champion is asked anew only where the test data changed, so that old and new are judged on the same examples: those
 * that neither has learnt from, as with another split the champion may have been trained on what tests the new one.
 */
import { Context, Effect, Layer, Result } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import type { EngineName } from "../../schemas/EngineInfo.ts"
import { evaluationImages } from "../../stages/batch/fillBatch.ts"
import { evaluate } from "../../stages/evaluate/evaluate.ts"
import { loadDataset } from "../../stages/dataset/load.ts"
import { splitDataset } from "../../stages/dataset/split.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { elapsedMs } from "../../format/elapsed.ts"
import { openTrainedModel } from "../../inspect/trainedModel.ts"
import { type Answers, exampleKey } from "./predictionsOf.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import { findUnseenByLineage } from "../../pipeline/lineage/parents.ts"

/** Predictions before and while the clock is looked at. */
const warmUp = 10
const timed = 101

/**
 * Test examples that a comparison takes at least; of a smaller test split, half of it. On 100 a model that is worse by 5
 * points differs on five, the fewest that McNemar's test can give a p below 0.05.
 */
const fewest = 100

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

/** What `run` answers to the test examples of `other` that it has not learnt from; fails in words where it cannot. */
export const answerTestOf = Effect.fn("answerTestOf")(function* (
  run: Run,
  other: Run,
  engine: EngineName | undefined,
) {
  const own = yield* readFetched(run.path)
  const fetched = yield* readFetched(other.path)
  if (own === undefined) return Result.fail(`${run.identity.id} has no record of its dataset`)
  if (fetched === undefined) return Result.fail(`${other.identity.id} has no record of its dataset`)
  const { model, trainer } = yield* compiled(run, engine)
  const { classes, imageShape } = model.dataset
  if (fetched.classes !== classes || fetched.imageShape.join() !== imageShape.join()) {
    return Result.fail("its network is for images of another shape or for other classes")
  }
  const dataset = yield* loadDataset(fetched)
  const { test } = yield* Effect.fromResult(splitDataset(other.identity.experiment.split, dataset))
  const unseen = yield* findUnseenByLineage(run, own, fetched, dataset, test).pipe(Effect.result)
  if (Result.isFailure(unseen)) {
    return Result.fail(`what it was trained on cannot be read: ${unseen.failure.message}`)
  }
  const indices = unseen.success
  const least = Math.min(fewest, Math.ceil(test.length / 2))
  if (indices.length < least) {
    return Result.fail(
      `it was trained on all but ${indices.length} of the ${test.length} test examples, and ${least} are needed; decide with \`pnpm pipeline promote ${other.identity.id}\``,
    )
  }
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
