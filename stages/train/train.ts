/**
 * Training: (trainer, stream of batches, where it stands) -> the trained state, with metrics and checkpoints on the way.
 *
 * The invariant: what is done at an iteration (rows of metrics, evaluation, checkpoint) depends on the experiment and
 * the iteration alone, never on where an attempt began. A checkpoint holds an iteration whose rows (and TensorBoard's
 * events) are already on disk; a resume drops those after it and measures them again.
 */
import { Effect, Path, Result, Stream } from "effect"
import type { State, Trainer } from "../../engines/Engine.ts"
import { startOfTraining, type TrainProgress } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/Experiment.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import type { Metric } from "../../schemas/Metric.ts"
import type { Parent, Trained } from "../../schemas/Run.ts"
import type { TrainEvent } from "../../schemas/TrainEvent.ts"
import * as files from "../../storage/files.ts"
import { type StorageFailed } from "../../storage/StorageFailed.ts"
import { appendMetrics, rewindMetrics } from "../../storage/metricsLog.ts"
import { appendEvents, endEvents, type EventLog, rewindEvents } from "../../storage/tensorboard/eventLog.ts"
import type { BatchRange } from "../batch/batch.ts"
import type { BatchThreadFailed } from "../batch/Filler.ts"
import { isDue, nextDue, totalIterations } from "./intervals.ts"
import {
  checkpointFile,
  ForkNotRepeatable,
  giveUpFrom,
  loadCheckpoint,
  newestGoodCheckpoint,
  pruneCheckpoints,
  restoreCheckpoint,
  saveCheckpoint,
} from "./checkpoint.ts"
import { type Evaluation, type EvaluationSplit, evaluate } from "../evaluate/evaluate.ts"
import { learningRateAt } from "./learningRate.ts"
import { NonFiniteLoss, nonFiniteIn } from "./NonFiniteLoss.ts"
import { makePace } from "./iterationsPerCall.ts"
import { afterEvaluation, isExhausted } from "./earlyStopping.ts"

/** The feeds of consecutive iterations, stacked: [iterations, ...shape] by name. Valid until the next chunk is taken. */
export interface FeedChunk {
  readonly iteration: number
  readonly iterations: number
  readonly feeds: Readonly<Record<string, Float32Array>>
}

export interface TrainOptions {
  readonly experiment: Experiment
  readonly fingerprint: string
  /** The run it was forked from. */
  readonly parent?: Parent | undefined
  readonly trainer: Trainer
  /** Examples in the train split. */
  readonly examples: number
  readonly feeds: (range: BatchRange) => Stream.Stream<FeedChunk, BatchThreadFailed>
  readonly validation: EvaluationSplit
  readonly checkpoints: string
  /** The iteration of the checkpoint that the run's record says was tested: it stays until the record says otherwise. */
  readonly tested: number | undefined
  readonly metrics: string
  readonly events: EventLog
  /** Names of the network's own variables, the optimizer's left out: those that histograms are drawn of. */
  readonly weights: ReadonlySet<string>
  /** The signal that asked to stop, once one has come. */
  readonly stopRequested: () => string | undefined
  /** Told once: the iteration training goes on from. */
  readonly onStart: (iteration: number, total: number) => Effect.Effect<void, StorageFailed>
  readonly onProgress: (progress: TrainTick) => Effect.Effect<void>
}

export interface TrainTick {
  readonly iteration: number
  readonly total: number
  readonly batchSize: number
  readonly loss: number
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`

const monitored = (experiment: Experiment, evaluation: Evaluation) =>
  experiment.monitor === "validationLoss" ? evaluation.loss : evaluation.accuracy

/** The iteration whose checkpoint the report tests, once training has ended. */
const chosenAt = ({ report }: Experiment, { best, iteration }: TrainProgress) =>
  report === "best" && best !== null ? best.iteration : iteration

/**
 * The checkpoint that training goes on from. Where training has ended and the chosen checkpoint is lost, that is the newest
 * good one before it, so that it is made again; a fork that has none before it is left as it is.
 */
const whereToGoOn = Effect.fnUntraced(function* (
  folder: string,
  { experiment, parent }: Pick<TrainOptions, "experiment" | "parent">,
  total: number,
) {
  const newest = yield* restoreCheckpoint(folder, total, parent)
  if (newest === undefined) return undefined
  if (newest.progress.iteration < total && !isExhausted(experiment, newest.progress)) return newest
  const chosen = chosenAt(experiment, newest.progress)
  if (chosen === newest.progress.iteration) return newest
  const loaded = yield* loadCheckpoint(folder, checkpointFile(chosen))
  if (Result.isSuccess(loaded)) return newest
  yield* Effect.logWarning(
    `checkpoint ${checkpointFile(chosen)}, the best, is lost: ${loaded.failure}; training goes back to make it again`,
  )
  if (parent !== undefined && (yield* newestGoodCheckpoint(folder, chosen)) === undefined) {
    return yield* new ForkNotRepeatable({ parent })
  }
  yield* giveUpFrom(folder, chosen)
  return yield* restoreCheckpoint(folder, total, parent)
})

/** Deletes the checkpoints that a run which stands at `progress` has no use for. */
export const tidyCheckpoints = ({
  checkpoints,
  examples,
  experiment,
  progress,
  tested,
}: Pick<TrainOptions, "checkpoints" | "examples" | "experiment" | "tested"> & {
  readonly progress: TrainProgress
}) =>
  pruneCheckpoints(checkpoints, {
    keep: experiment.keepCheckpoints,
    best: progress.best?.iteration,
    tested,
    onCadence: (iteration) => isDue(experiment.checkpointEvery, iteration, examples, experiment.batchSize),
  })

export const train = Effect.fn("train")(function* (options: TrainOptions) {
  const { checkpoints, events, examples, experiment, fingerprint, metrics, trainer } = options
  const { batchSize } = experiment
  const paths = yield* Path.Path
  const total = totalIterations(experiment.budget, examples, batchSize)

  yield* files.makeFolder(checkpoints)
  yield* files.removeTemporaries(checkpoints)
  const restored = yield* whereToGoOn(checkpoints, options, total)
  if (restored !== undefined) yield* trainer.load(restored.state)
  let progress = restored?.progress ?? startOfTraining
  let saved = restored === undefined ? null : progress.iteration
  const rowsBefore = yield* rewindMetrics(metrics, progress.iteration)
  yield* rewindEvents(events, progress.iteration, rowsBefore)
  yield* options.onStart(progress.iteration, total)
  const started: TrainEvent = { event: "started", iteration: progress.iteration }
  yield* progress.iteration === 0
    ? Effect.logDebug(`training starts: ${total} iterations`, started)
    : Effect.logInfo(`going on from iteration ${progress.iteration} of ${total}`, started)

  const due = (cadence: Experiment["evaluateEvery"]) =>
    isDue(cadence, progress.iteration, examples, batchSize)
  const epoch = () => (progress.iteration * batchSize) / examples

  const diverged = (iteration: number, found: string) =>
    new NonFiniteLoss({ iteration, found, lastGood: saved === null ? null : checkpointFile(saved) })

  /** The state as it stands: what is evaluated or saved is finite throughout. */
  const finiteState = Effect.gen(function* () {
    const state = yield* trainer.state
    const found = nonFiniteIn(state)
    return found === undefined ? state : yield* diverged(progress.iteration, found)
  })

  /** `measured`: the state as it stands, where it has been read already. */
  const save = Effect.fnUntraced(function* (measured?: State) {
    if (saved !== progress.iteration) {
      yield* saveCheckpoint(checkpoints, measured ?? (yield* finiteState), progress, fingerprint)
      saved = progress.iteration
      yield* Effect.logDebug("checkpoint saved", { iteration: saved })
    }
    // Also after a checkpoint that an attempt before this one saved, and died.
    yield* tidyCheckpoints({ ...options, progress })
  })

  const stopIfAsked = Effect.fnUntraced(function* () {
    const signal = options.stopRequested()
    if (signal === undefined) return
    yield* save()
    return yield* new Interrupted({ signal, during: `train at iteration ${progress.iteration} of ${total}` })
  })

  const pace = makePace()
  let batchLoss = 0
  let batchError = 0
  const runChunk = Effect.fnUntraced(function* (chunk: FeedChunk) {
    const { errors, losses } = yield* pace.timed(
      chunk.iterations,
      trainer.train(chunk.iterations, chunk.feeds),
    )
    let { error, iterations, loss } = progress.window
    for (const [i, value] of losses.entries()) {
      if (!Number.isFinite(value)) {
        return yield* diverged(chunk.iteration + i + 1, `the loss is ${value}`)
      }
      loss += value
      error += errors[i]
      iterations++
    }
    batchLoss = losses[losses.length - 1]
    batchError = errors[errors.length - 1]
    progress = {
      ...progress,
      iteration: chunk.iteration + chunk.iterations,
      window: { loss, error, iterations },
    }
    yield* options.onProgress({ iteration: progress.iteration, total, batchSize, loss: batchLoss })
    yield* Effect.yieldNow
  })

  const trainRow = (): Metric => {
    const { error, iterations, loss } = progress.window
    progress = { ...progress, window: startOfTraining.window }
    return {
      split: "train",
      iteration: progress.iteration,
      epoch: epoch(),
      loss: loss / iterations,
      error: error / iterations,
      batchLoss,
      batchError,
      learningRate: learningRateAt(experiment.optimizer.learningRate, progress.iteration - 1, total),
    }
  }

  const validationRow = Effect.fnUntraced(function* () {
    const evaluation = yield* evaluate(trainer, options.validation, experiment.loss)
    const { iteration } = progress
    if (!Number.isFinite(evaluation.loss)) {
      return yield* diverged(iteration, `the validation loss is ${evaluation.loss}`)
    }
    progress = afterEvaluation(experiment, progress, monitored(experiment, evaluation))
    const { accuracy, loss } = evaluation
    const error = 1 - accuracy
    const evaluated: TrainEvent = { event: "evaluated", iteration }
    yield* Effect.logInfo(
      `iteration ${iteration}: training error ${percent(batchError)}, loss ${batchLoss.toPrecision(3)}; ` +
        `validation error ${percent(error)}, loss ${loss.toPrecision(3)}`,
      { ...evaluated, batchLoss, batchError, validationLoss: loss, validationError: error },
    )
    return { split: "validation", iteration, epoch: epoch(), loss, accuracy, error } satisfies Metric
  })

  /** The first iteration after `iteration` at which something is due. */
  const boundaryAfter = (iteration: number) =>
    Math.min(
      total,
      ...[experiment.recordEvery, experiment.evaluateEvery, experiment.checkpointEvery].map((cadence) =>
        nextDue(cadence, iteration, examples, batchSize),
      ),
    )

  /** What is due: rows first, so that a checkpoint never lacks those of its own iteration. */
  const record = Effect.fnUntraced(function* () {
    const state = due(experiment.evaluateEvery) ? yield* finiteState : undefined
    const rows: Array<Metric> = []
    if (due(experiment.recordEvery) || due(experiment.evaluateEvery)) rows.push(trainRow())
    if (due(experiment.evaluateEvery)) rows.push(yield* validationRow())
    yield* appendMetrics(metrics, rows)
    const weights = state?.filter(({ name }) => options.weights.has(name)) ?? []
    yield* appendEvents(events, progress.iteration, rows, weights)
    const isBest = progress.best?.iteration === progress.iteration
    if (due(experiment.checkpointEvery) || isBest || progress.iteration === total) yield* save(state)
  })

  if (progress.iteration < total && !isExhausted(experiment, progress)) {
    // One stream to the end: the next chunk is also filled while what is due is done.
    const feeds = options.feeds({
      from: progress.iteration,
      until: total,
      chunk: (iteration) => Math.min(pace.chunk(), boundaryAfter(iteration) - iteration),
    })
    yield* Stream.runForEachWhile(feeds, (chunk) =>
      Effect.gen(function* () {
        yield* runChunk(chunk)
        if (progress.iteration === boundaryAfter(chunk.iteration)) yield* record()
        if (progress.iteration < total) yield* stopIfAsked()
        return !isExhausted(experiment, progress)
      }),
    )
  }
  // Early stopping ends on an evaluation that was not the best, which need not be on a checkpoint's cadence.
  yield* save()
  yield* endEvents(events)

  return {
    budget: total,
    progress,
    checkpoint: paths.join(paths.basename(checkpoints), checkpointFile(chosenAt(experiment, progress))),
    stoppedEarly: progress.iteration < total,
  } satisfies Trained
})
