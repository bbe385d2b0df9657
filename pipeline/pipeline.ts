/**
 * The pipeline of one run: fetch → validate → train → report.
 *
 * Each stage is durable: its small result is recorded in the run directory, and a resumed run reads the results of finished
 * stages from their records. The loaded dataset and the compiled trainer are never stored. The first stage that needs
 * them builds them, once an attempt (`runData.ts`, `runResources.ts`).
 */
import { Effect, Path, Result, Schema } from "effect"
import * as Workflow from "effect/workflow/Workflow"
import { DatasetFigures } from "../schemas/experiment/Dataset.ts"
import { Paused } from "../schemas/Paused.ts"
import { Trained } from "../schemas/Run.ts"
import {
  CheckpointDamaged,
  iterationOf,
  loadCheckpoint,
  pruneCheckpoints,
} from "../stages/train/checkpoint.ts"
import { eventOpening } from "../stages/train/eventOpening.ts"
import { report as testModel } from "../stages/report/report.ts"
import { train as trainModel } from "../stages/train/train.ts"
import { withImageReads } from "../stages/dataset/images.ts"
import * as files from "../storage/files.ts"
import { readPredictions } from "../storage/predictions.ts"
import { readReport } from "../storage/report.ts"
import { layout } from "../storage/runDirectory.ts"
import { writeTestEvents } from "../storage/tensorboard/eventLog.ts"
import { CurrentRun } from "./CurrentRun.ts"
import { assembleReport } from "./assembleReport.ts"
import { makeRunData } from "./runData.ts"
import { makeRunResources, type RunResources } from "./runResources.ts"
import { RunError } from "./RunError.ts"
import { stage } from "./stage.ts"
import { StopSignal } from "./StopSignal.ts"
import { Display } from "./Display.ts"
import { readValidated } from "../storage/stageRecords.ts"
import { fetch, validate } from "./dataStages.ts"

/** Dataset -> checkpoints and metrics. The result names the checkpoint to test. */
const train = Effect.fnUntraced(function* (resources: RunResources) {
  const { attempt, begunWith, createdAt, experiment, fingerprint, parent, path, pauseAt } = yield* CurrentRun
  const paths = yield* Path.Path
  const startedAt = Date.parse(createdAt) / 1000
  const stop = yield* StopSignal
  const display = yield* Display
  return yield* stage({
    name: "train",
    success: Trained,
    stopsItself: true,
    execute: Effect.fnUntraced(
      function* (previous) {
        const { network, trainer } = yield* resources.trainer
        const { dataset, examples, feeds, validation } = yield* resources.data
        const isHeld = examples !== undefined && trainer.hold !== undefined && (yield* trainer.hold(examples))
        const { train } = resources.split
        const trained = yield* trainModel({
          experiment,
          begunWith,
          fingerprint,
          parent,
          trainer,
          examples: train.length,
          feeds: feeds(network.dropoutMasks, isHeld),
          ...resources.measures,
          validation,
          checkpoints: paths.join(path, layout.checkpoints),
          tested: previous && iterationOf(paths.basename(previous.checkpoint)),
          metrics: { runPath: path, attempt: attempt.number },
          events: {
            folder: path,
            attempt: attempt.number,
            startedAt,
            opening: yield* eventOpening({ experiment, network, dataset, train }),
          },
          weights: new Set(network.layersModel.weights.map(({ originalName }) => originalName)),
          stopRequested: stop.requested,
          pauseAt: pauseAt === "trained" ? undefined : pauseAt,
          checkOwned: attempt.checkOwned,
          onStart: attempt.resumedFrom,
          onProgress: display.progress,
        })
        resources.held.iteration = trained.progress.iteration
        return trained
      },
      Effect.ensuring(Effect.sync(display.clear)),
    ),
    // After the budget was extended, the record describes a shorter training. A lost checkpoint is trained again.
    stillValid: (trained) =>
      trained.budget === resources.total
        ? Effect.map(
            loadCheckpoint(paths.join(path, layout.checkpoints), paths.basename(trained.checkpoint)),
            Result.isSuccess,
          )
        : Effect.succeed(false),
  })
})

/** Removes the checkpoint that was tested before the run was extended, once the train record names another. */
const pruneSupersededCheckpoints = Effect.fnUntraced(function* (
  resources: RunResources,
  { progress }: Trained,
) {
  const { attempt, experiment, path } = yield* CurrentRun
  yield* attempt.checkOwned
  const checkpoints = (yield* Path.Path).join(path, layout.checkpoints)
  const examples = resources.split.train.length
  yield* pruneCheckpoints({ checkpoints, examples, experiment, progress, tested: undefined })
})

/**
 * Gives the trainer the state of the checkpoint to test, and returns its iteration. If this attempt has just saved it, the trainer
 * has it already: reading it again takes a tenth of a second for 40 MB.
 */
const loadTested = Effect.fnUntraced(function* ({ held, trainer }: RunResources, { checkpoint }: Trained) {
  const { path } = yield* CurrentRun
  const paths = yield* Path.Path
  const name = paths.basename(checkpoint)
  if (held.iteration !== undefined && held.iteration === iterationOf(name)) return held.iteration
  const loaded = yield* loadCheckpoint(paths.join(path, layout.checkpoints), name)
  if (Result.isFailure(loaded)) return yield* new CheckpointDamaged({ checkpoint, problem: loaded.failure })
  yield* (yield* trainer).trainer.load(loaded.success.state)
  return loaded.success.progress.iteration
})

/** The chosen checkpoint -> its result on the test split. The record has the checkpoint and the budget. */
const report = Effect.fnUntraced(function* (
  resources: RunResources,
  figures: DatasetFigures,
  trained: Trained,
) {
  const run = yield* CurrentRun
  const paths = yield* Path.Path
  const file = paths.join(run.path, layout.report)
  return yield* stage({
    name: "report",
    // Older versions did not record the budget.
    success: Schema.Struct({ checkpoint: Schema.String, budget: Schema.optionalKey(Schema.Int) }),
    execute: Effect.fnUntraced(function* () {
      const { trainer } = yield* resources.trainer
      const { test } = yield* resources.data
      const tested = yield* loadTested(resources, trained)
      yield* run.attempt.checkOwned
      const result = yield* testModel({
        trainer,
        test,
        iteration: tested,
        indices: resources.split.test,
        loss: run.experiment.loss,
        predictions: paths.join(run.path, layout.predictions),
        fingerprint: run.fingerprint,
        ownMetrics: resources.measures.ownMetrics,
      })
      yield* run.attempt.checkOwned
      yield* files.writeAtomic(file, yield* assembleReport(run, figures, resources.layers, trained, result))
      return { checkpoint: trained.checkpoint, budget: trained.budget }
    }),
    // After more training the best checkpoint may be the same one, but the report of the training differs.
    stillValid: ({ budget, checkpoint }) =>
      checkpoint === trained.checkpoint && budget === trained.budget
        ? Effect.gen(function* () {
            const predictions = yield* readPredictions(run.path)
            return (yield* readReport(run.path)) !== undefined && Result.isSuccess(predictions)
          })
        : Effect.succeed(false),
  })
})

/** Not part of the report stage: training a lost checkpoint again starts a new event file, but keeps the report. */
const publishTestResult = Effect.fnUntraced(function* (trained: Trained) {
  const { attempt, createdAt, path } = yield* CurrentRun
  const report = yield* readReport(path)
  const iteration = iterationOf((yield* Path.Path).basename(trained.checkpoint))
  if (report === undefined || iteration === undefined) return
  const { accuracy, error, loss } = report.test
  yield* attempt.checkOwned
  yield* writeTestEvents({ folder: path, startedAt: Date.parse(createdAt) / 1000 }, iteration, {
    error: error.value,
    accuracy: accuracy.value,
    loss,
  })
})

/** The pipeline, as the durable engine runs it. */
const TrainingRun = Workflow.make("TrainingRun", {
  payload: { run: Schema.String },
  error: RunError,
  idempotencyKey: ({ run }) => run,
})

const runStages = Effect.fn("pipeline")(function* () {
  const { experiment, path, pauseAt } = yield* CurrentRun
  const fetched = yield* fetch((yield* readValidated(path)) !== undefined)
  const data = yield* makeRunData(fetched, experiment.split, experiment)
  const figures = yield* validate(fetched, data)
  const resources = yield* makeRunResources(data, figures)
  const trained = yield* train(resources)
  yield* pruneSupersededCheckpoints(resources, trained)
  if (pauseAt !== undefined) return yield* new Paused({ during: "the end of training, before the test" })
  yield* report(resources, figures, trained)
  yield* publishTestResult(trained)
}, withImageReads)

/** Runs the pipeline on the current run, from the first stage without a valid record. */
export const runPipeline = Effect.gen(function* () {
  const { id } = yield* CurrentRun
  yield* TrainingRun.execute({ run: id })
}).pipe(Effect.provide(TrainingRun.toLayer(runStages)))
