/**
 * The resources that stages share and that are too big to record: (data of the run, figures) -> batches, evaluation splits and
 * the compiled trainer. Each is made once, when a stage first needs it, and released with the run's scope.
 */
import { Effect, Scope, Stream } from "effect"
import { Engine, type Examples } from "../engines/Engine.ts"
import type { DatasetFigures } from "../schemas/experiment/Dataset.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { inferShapes } from "../schemas/experiment/shapes.ts"
import { checkMemory } from "../stages/model/memory.ts"
import { batches, type BatchRange, fillHere, fillIndices } from "../stages/batch/batch.ts"
import { fillInWorker } from "../stages/batch/batchThread.ts"
import type { FillFailed } from "../stages/batch/Filler.ts"
import { callMetric, callSchedule, type Predictions, trySchedule } from "../stages/code/call.ts"
import { loadFunctions, ownCodeTry, type OwnFunctions } from "../stages/code/load.ts"
import { isOwn, usesOf } from "../stages/code/uses.ts"
import { topKAccuracy } from "../stages/statistics/topK.ts"
import { ownShapes } from "../stages/model/ownShapes.ts"
import { isBuiltIn } from "../stages/train/learningRate.ts"
import type { OwnMeasures } from "../stages/train/measure.ts"
import { totalIterations } from "../stages/train/intervals.ts"
import type { DropoutMask } from "../stages/model/dropout.ts"
import type { EvaluationSplit } from "../stages/evaluate/evaluate.ts"
import { withFeeds } from "../stages/train/feeds.ts"
import { evaluationImages, imagesStayBytes } from "../stages/batch/fillBatch.ts"
import { buildProgram } from "../stages/model/model.ts"
import type { SplitIndices } from "../stages/dataset/split.ts"
import { isStored } from "../stages/dataset/images.ts"
import { pixelTable, standardizedTable } from "../stages/dataset/normalize.ts"
import type { FeedChunk } from "../stages/train/train.ts"
import { CurrentRun } from "./CurrentRun.ts"
import type { RunData } from "./runData.ts"

export type RunResources = Effect.Success<ReturnType<typeof makeRunResources>>

/** How many iterations the run has, and the split of the dataset that they train on. */
interface Training {
  readonly split: SplitIndices
  readonly total: number
}

/** Batches with their feeds for training, and the splits for evaluation. The scope ends the thread that augments images. */
const makeData = Effect.fnUntraced(function* (
  experiment: Experiment,
  runData: RunData,
  { standardizedBy }: DatasetFigures,
  { split, total }: Training,
  { ownRate }: OwnMeasures,
) {
  const scope = yield* Effect.scope
  const dataset = yield* runData.prepared
  const table =
    standardizedBy === undefined
      ? yield* pixelTable(experiment.normalization, dataset, split.train)
      : standardizedTable(standardizedBy)
  const evaluationSplit = (indices: Uint32Array): EvaluationSplit => ({
    examples: indices.length,
    classes: dataset.classes,
    labels: Int32Array.from(indices, (index) => dataset.labels[index]),
    images: evaluationImages({ dataset, indices, table }),
  })
  const { augmentation, batchSize, code, optimizer, seed } = experiment
  const asBytes = imagesStayBytes(experiment)
  const options = { dataset, indices: split.train, table, asBytes, batchSize, seed, augmentation, code }
  // Augmentation and reading of files are slow enough to need their own thread, which starts with the training.
  const filler = yield* Effect.cached(
    augmentation === undefined && !isStored(dataset.images)
      ? Effect.succeed(fillHere(options))
      : fillInWorker(options).pipe(Scope.provide(scope)),
  )
  /** What an engine may hold: examples that are the same in every epoch. */
  const examples: Examples | undefined =
    augmentation === undefined && !isStored(dataset.images)
      ? { count: dataset.labels.length, pixels: dataset.images, labels: dataset.labels, table }
      : undefined
  const feeds =
    (dropoutMasks: ReadonlyArray<DropoutMask>, isHeld: boolean) =>
    (range: BatchRange): Stream.Stream<FeedChunk, FillFailed> =>
      Stream.unwrap(
        Effect.map(isHeld ? Effect.succeed(fillIndices(options)) : filler, (filler) =>
          batches(filler, range),
        ),
      ).pipe(withFeeds({ dropoutMasks, isHeld, schedule: optimizer.learningRate, total, ownRate }))
  return {
    dataset,
    examples,
    feeds,
    validation: evaluationSplit(split.validation),
    test: evaluationSplit(split.test),
  }
})

/** The learning rates of own code, and the metrics that an experiment names. */
const measuresOf = ({ metrics = {}, optimizer }: Experiment, functions: OwnFunctions): OwnMeasures => {
  const { learningRate } = optimizer
  const named = Object.entries(metrics).map(([name, metric]) => {
    if (!isOwn(metric)) return [name, (made: Predictions) => topKAccuracy(made, metric.k)] as const
    const code = functions.get("metric", metric)
    return [name, (made: Predictions) => callMetric(code, made)] as const
  })
  const schedule = isBuiltIn(learningRate) ? undefined : functions.get("schedule", learningRate)
  return {
    ownRate: schedule && ((iteration, budget) => callSchedule(schedule, iteration, budget)),
    ...(named.length === 0
      ? {}
      : {
          ownMetrics: ({ classes, labels, probabilities }) =>
            ownCodeTry(() => {
              const made = { classes, labels: Int32Array.from(labels), probabilities }
              return Object.fromEntries(named.map(([name, measure]) => [name, measure(made)]))
            }),
        }),
  }
}

export const makeRunResources = Effect.fnUntraced(function* (runData: RunData, figures: DatasetFigures) {
  const { experiment } = yield* CurrentRun
  const engine = yield* Engine
  const scope = yield* Effect.scope
  const split = yield* runData.split({
    trainExamples: figures.train.examples,
    testExamples: figures.test.examples,
  })
  // Decoding checked the described dataset; here the shapes are those of the files.
  const functions = yield* loadFunctions(experiment.code, usesOf(experiment))
  const measures = measuresOf(experiment, functions)
  const layers = yield* Effect.fromResult(
    inferShapes(
      experiment.model,
      figures.imageShape,
      figures.classes,
      ownShapes(functions, () => {}),
    ),
  )
  // A run may be resumed on a machine with less memory.
  yield* checkMemory(experiment, layers, figures.imageShape)
  const total = totalIterations(experiment.budget, split.train.length, experiment.batchSize)
  const { learningRate } = experiment.optimizer
  if (!isBuiltIn(learningRate)) {
    // A rate that cannot be used at the end of training is known at its beginning.
    yield* ownCodeTry(() => trySchedule(functions.get("schedule", learningRate), total))
  }
  const data = yield* Effect.cached(
    makeData(experiment, runData, figures, { split, total }, measures).pipe(Scope.provide(scope)),
  )
  const trainer = yield* Effect.cached(
    Effect.gen(function* () {
      const network = yield* buildProgram({
        ...experiment,
        inputShape: figures.imageShape,
        classes: figures.classes,
        imagesAreBytes: imagesStayBytes(experiment),
      })
      return { network, trainer: yield* engine.compile(network) }
    }).pipe(Scope.provide(scope)),
  )
  /** The iteration whose state the trainer holds, once this attempt has trained. */
  const held: { iteration: number | undefined } = { iteration: undefined }
  return { split, layers, total, measures, data, trainer, held }
})
