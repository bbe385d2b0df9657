/**
 * The whole job: fetch → validate → train → report.
 *
 * Each stage is durable: its small result is recorded in the run directory, and a run that goes on answers finished
 * stages from their records. What is big (the resident dataset, the compiled trainer) is never stored; it is rebuilt
 * from the experiment and an iteration, once, by the first stage that needs it (`runData.ts`, `runResources.ts`).
 */
import { Effect, Path, Result, Schema } from "effect"
import { Workflow } from "effect/workflow"
import { DatasetFigures, FetchedDataset } from "../schemas/Dataset.ts"
import { Trained } from "../schemas/Run.ts"
import { describeDataset } from "../stages/fetch/datasets.ts"
import { CheckpointDamaged, iterationOf, loadCheckpoint } from "../stages/train/checkpoint.ts"
import { eventOpening } from "../stages/train/eventOpening.ts"
import { ContentNotKnown, fetchDataset, isOneContent, isStillThere } from "../stages/fetch/fetch.ts"
import { report as testModel } from "../stages/report/report.ts"
import { tidyCheckpoints, train as trainModel } from "../stages/train/train.ts"
import { pixelFigures } from "../stages/dataset/normalize.ts"
import { validateDataset } from "../stages/validate/validate.ts"
import * as files from "../storage/files.ts"
import { layout } from "../storage/runDirectory.ts"
import { eventFile } from "../storage/tensorboard/eventLog.ts"
import { checkForkedTest } from "./lineage/parents.ts"
import { CurrentRun } from "./CurrentRun.ts"
import { assembleReport } from "./assembleReport.ts"
import { makeRunData, type RunData } from "./runData.ts"
import { makeRunResources, type RunResources } from "./runResources.ts"
import { RunError } from "./RunError.ts"
import { stage } from "./stage.ts"
import { StopSignal } from "./StopSignal.ts"
import { Display } from "./Display.ts"
import { readValidated } from "../storage/stageRecords.ts"

/**
 * Dataset of the experiment -> verified files in the cache; of a resumed run, those it began with. `isValidated`: an earlier
 * attempt got past validate.
 */
const fetch = Effect.fnUntraced(function* (isValidated: boolean) {
  const { dataDir, experiment, id } = yield* CurrentRun
  const { dataset } = experiment
  return yield* stage({
    name: "fetch",
    success: FetchedDataset,
    execute: Effect.fnUntraced(function* (previous) {
      const isRecordLost = previous === undefined && isValidated
      if (isRecordLost && !isOneContent(dataset)) return yield* new ContentNotKnown({ run: id })
      const fetched = yield* fetchDataset({ dataset, dataDir, recorded: previous })
      const { files, name } = fetched
      // The folder or address the files have in common says enough; the log has each of them.
      const sources = [
        ...new Set(Object.values(files).map(({ source }) => source.replace(/\/[^/]+?(\)?)$/, "$1"))),
      ]
      yield* Effect.logInfo(`${name}: 4 files, verified, from ${sources.join(", ")}`, { files })
      return fetched
    }),
    stillValid: isStillThere,
  })
})

/** Files -> figures of the dataset, or what is wrong with it. */
const validate = Effect.fnUntraced(function* (fetched: FetchedDataset, data: RunData) {
  const run = yield* CurrentRun
  const { experiment } = run
  return yield* stage({
    name: "validate",
    success: DatasetFigures,
    execute: Effect.fnUntraced(function* () {
      const { bounds } = describeDataset(experiment.dataset)
      const dataset = yield* data.resident
      const figures = yield* validateDataset(dataset, bounds)
      const { classes, duplicates, imageShape, test, train } = figures
      yield* Effect.logInfo(
        `${train.examples} train and ${test.examples} test images of ${imageShape.join("×")}, ${classes} classes, ${duplicates} test images also in train`,
      )
      const split = yield* data.split(dataset)
      yield* checkForkedTest(run, fetched, dataset, split, duplicates)
      if (experiment.normalization === "unit") return figures
      return { ...figures, standardizedBy: yield* pixelFigures(dataset, split.train) }
    }),
  })
})

/** Dataset -> checkpoints and metrics; the result names the checkpoint to test. */
const train = Effect.fnUntraced(function* (resources: RunResources) {
  const { attempt, createdAt, experiment, fingerprint, parent, path } = yield* CurrentRun
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
        const { dataset, feeds, validation } = yield* resources.data
        const { train } = resources.split
        return yield* trainModel({
          experiment,
          fingerprint,
          parent,
          trainer,
          examples: train.length,
          feeds: feeds(network.noise),
          validation,
          checkpoints: paths.join(path, layout.checkpoints),
          tested: previous && iterationOf(paths.basename(previous.checkpoint)),
          metrics: paths.join(path, layout.metrics),
          events: {
            path: paths.join(path, eventFile(startedAt)),
            startedAt,
            opening: yield* eventOpening({ experiment, network, dataset, train }),
          },
          weights: new Set(network.layersModel.weights.map(({ originalName }) => originalName)),
          stopRequested: stop.requested,
          onStart: attempt.resumedFrom,
          onProgress: display.progress,
        })
      },
      Effect.ensuring(Effect.sync(display.clear)),
    ),
    // A budget that was extended since makes the record one of a shorter training; a checkpoint that is lost is made again.
    stillValid: (trained) =>
      trained.budget === resources.total
        ? Effect.map(
            loadCheckpoint(paths.join(path, layout.checkpoints), paths.basename(trained.checkpoint)),
            Result.isSuccess,
          )
        : Effect.succeed(false),
  })
})

/** The record of train names another checkpoint than before the run was extended: the older one may go. */
const pruneSupersededCheckpoints = Effect.fnUntraced(function* (
  resources: RunResources,
  { progress }: Trained,
) {
  const { experiment, path } = yield* CurrentRun
  const checkpoints = (yield* Path.Path).join(path, layout.checkpoints)
  const examples = resources.split.train.length
  yield* tidyCheckpoints({ checkpoints, examples, experiment, progress, tested: undefined })
})

/** The chosen checkpoint -> how good it is on the test split; the result says which checkpoint that was, of which budget. */
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
    // The budget is not in the records of older versions.
    success: Schema.Struct({ checkpoint: Schema.String, budget: Schema.optionalKey(Schema.Int) }),
    execute: Effect.fnUntraced(function* () {
      const { trainer } = yield* resources.trainer
      const { test } = yield* resources.data
      const folder = paths.join(run.path, layout.checkpoints)
      const checkpoint = yield* loadCheckpoint(folder, paths.basename(trained.checkpoint))
      if (Result.isFailure(checkpoint)) {
        return yield* new CheckpointDamaged({ checkpoint: trained.checkpoint, problem: checkpoint.failure })
      }
      yield* trainer.load(checkpoint.success.state)
      const result = yield* testModel({
        trainer,
        test,
        iteration: checkpoint.success.progress.iteration,
        indices: resources.split.test,
        loss: run.experiment.loss,
        predictions: paths.join(run.path, layout.predictions),
        fingerprint: run.fingerprint,
      })
      yield* files.writeAtomic(file, yield* assembleReport(run, figures, resources.layers, trained, result))
      return { checkpoint: trained.checkpoint, budget: trained.budget }
    }),
    // Trained further, the best checkpoint may be the same one: what the report says of the training is not.
    stillValid: ({ budget, checkpoint }) =>
      checkpoint === trained.checkpoint && budget === trained.budget
        ? files.exists(file)
        : Effect.succeed(false),
  })
})

/** What a durable engine needs to know of the job. */
const TrainingRun = Workflow.make("TrainingRun", {
  payload: { run: Schema.String },
  error: RunError,
  idempotencyKey: ({ run }) => run,
})

const job = Effect.fn("pipeline")(function* () {
  const { experiment, path } = yield* CurrentRun
  const fetched = yield* fetch((yield* readValidated(path)) !== undefined)
  const data = yield* makeRunData(fetched, experiment.split)
  const figures = yield* validate(fetched, data)
  const resources = yield* makeRunResources(data, figures)
  const trained = yield* train(resources)
  yield* pruneSupersededCheckpoints(resources, trained)
  yield* report(resources, figures, trained)
})

/** Runs the job on the current run, from where its records say it stands. */
export const runPipeline = Effect.gen(function* () {
  const { id } = yield* CurrentRun
  yield* TrainingRun.execute({ run: id })
}).pipe(Effect.provide(TrainingRun.toLayer(job)))
