/**
 * The train stage: (trainer, stream of batches, checkpoints) -> trained checkpoints, rows of metrics, TensorBoard's events.
 *
 * The invariant: what happens at an iteration (metrics, evaluation, checkpoint) depends only on the experiment and the
 * iteration, not on where an attempt started. Rows and events are on disk before the checkpoint of their iteration. A
 * resumed run drops those after its checkpoint and measures them again.
 */
import { Effect, Path, Stream } from "effect"
import type { FeedValues, State, Trainer } from "../../engines/Engine.ts"
import { startOfTraining } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { Paused } from "../../schemas/Paused.ts"
import type { Metric } from "../../schemas/Metric.ts"
import type { Parent, Trained } from "../../schemas/Run.ts"
import type { TrainEvent } from "../../schemas/TrainEvent.ts"
import * as files from "../../storage/files.ts"
import { removeTemporaries } from "../../storage/temporaries.ts"
import type { AttemptSuperseded } from "../../storage/attempts.ts"
import { type StorageFailed } from "../../storage/StorageFailed.ts"
import { appendMetrics, beginMetrics, type MetricsLog, publishMetrics } from "../../storage/metricsLog.ts"
import { appendEvents, beginEvents, endEvents, type EventLog } from "../../storage/tensorboard/eventLog.ts"
import type { BatchRange } from "../batch/batch.ts"
import type { FillFailed } from "../batch/Filler.ts"
import { ownCodeTry } from "../code/load.ts"
import type { EvaluationSplit } from "../evaluate/evaluate.ts"
import { checkpointFile, pruneCheckpoints, saveCheckpoint } from "./checkpoint.ts"
import { shouldStopEarly } from "./earlyStopping.ts"
import { makeIterationsPerCall, type IterationsPerCall } from "./iterationsPerCall.ts"
import { addToWindow, measureTraining, measureValidation, type OwnMeasures } from "./measure.ts"
import { makePlan, type TrainingPlan } from "./plan.ts"
import { findResumePoint, hasEnded, testedIteration } from "./resumePoint.ts"
import { type BatchMetrics, diverged, finiteTensors, type TrainState } from "./TrainState.ts"
import { count } from "../../format/numbers.ts"

/** The stacked feeds of consecutive iterations: [iterations, ...shape] by name. Valid until the next chunk is pulled. */
export interface FeedChunk {
  readonly iteration: number
  readonly iterations: number
  readonly feeds: FeedValues
}

export interface TrainOptions extends OwnMeasures {
  readonly experiment: Experiment
  /** The budget before the run was extended. */
  readonly begunWith: Experiment["budget"]
  readonly fingerprint: string
  /** The run from which this one was forked. */
  readonly parent?: Parent | undefined
  readonly trainer: Trainer
  /** Examples in the train split. */
  readonly examples: number
  readonly feeds: (range: BatchRange) => Stream.Stream<FeedChunk, FillFailed>
  readonly validation: EvaluationSplit
  /** The folder of checkpoints. */
  readonly checkpoints: string
  /** The iteration of the checkpoint that was tested before the run was extended; it is kept. */
  readonly tested: number | undefined
  readonly metrics: MetricsLog
  readonly events: EventLog
  /** Names of the weights whose histograms are logged: the variables of the network without those of the optimizer. */
  readonly weights: ReadonlySet<string>
  /** The signal that requested a stop, if there was one. */
  readonly stopRequested: () => string | undefined
  /** The iteration of an evaluation at which to pause; undefined to train to the end. */
  readonly pauseAt: number | undefined
  /** Fails if another process has taken over the run. Checked before files are written or deleted. */
  readonly checkOwned: Effect.Effect<void, AttemptSuperseded | StorageFailed>
  /** Called once, with the iteration from which training resumes and the budget. */
  readonly onStart: (iteration: number, total: number) => Effect.Effect<void, StorageFailed>
  readonly onProgress: (progress: TrainTick) => Effect.Effect<void>
}

export interface TrainTick {
  readonly iteration: number
  readonly total: number
  readonly batchSize: number
  readonly loss: number
}

interface Training extends TrainOptions {
  readonly plan: TrainingPlan
}

/** Whether a row stays when training resumes. The extra evaluation at the end of a smaller budget does not. */
const staysWhenResumed =
  ({ parent, plan }: Training) =>
  ({ iteration, split }: Metric) =>
    split === "train" ||
    // Those of the run that this one was forked from follow another plan.
    iteration <= (parent?.iteration ?? 0) ||
    plan.dueAt(iteration).evaluation !== undefined

/** Loads the newest good checkpoint and drops the rows and events after it. */
const resume = Effect.fnUntraced(function* (training: Training) {
  const { checkpoints, events, metrics, plan, trainer } = training
  yield* files.makeFolder(checkpoints)
  yield* removeTemporaries(checkpoints)
  const restored = yield* findResumePoint({ ...training, total: plan.total })
  if (restored !== undefined) yield* trainer.load(restored.state)
  const progress = restored?.progress ?? startOfTraining
  const { dropped, rows } = yield* beginMetrics(metrics, progress.iteration, staysWhenResumed(training))
  yield* beginEvents(events, progress.iteration, rows, new Set(dropped.map(({ iteration }) => iteration)))
  yield* training.onStart(progress.iteration, plan.total)
  const started: TrainEvent = { event: "started", iteration: progress.iteration }
  yield* progress.iteration === 0
    ? Effect.logDebug(`training starts: ${plan.total} iterations`, started)
    : Effect.logInfo(`resuming from iteration ${count(progress.iteration)} of ${count(plan.total)}`, started)
  return { progress, savedAt: restored === undefined ? null : progress.iteration } satisfies TrainState
})

/** Saves a checkpoint unless this iteration has one. `tensors`: the state of the trainer, if it has been read already. */
const save = Effect.fnUntraced(function* (training: Training, state: TrainState, tensors?: State) {
  const { checkpoints, fingerprint, trainer } = training
  const { progress } = state
  yield* training.checkOwned
  if (state.savedAt !== progress.iteration) {
    const saved = tensors ?? (yield* finiteTensors(trainer, state))
    yield* saveCheckpoint(checkpoints, saved, progress, fingerprint)
    yield* Effect.logDebug("checkpoint saved", { iteration: progress.iteration })
  }
  // Also for a checkpoint that an earlier attempt saved before it died.
  yield* pruneCheckpoints({ ...training, progress })
  return { progress, savedAt: progress.iteration } satisfies TrainState
})

/** Measures and saves what is due. Rows are written first, so that no checkpoint lacks those of its iteration. */
const recordDue = Effect.fnUntraced(function* (training: Training, from: TrainState, batch: BatchMetrics) {
  const { events, metrics, plan, trainer } = training
  const { iteration } = from.progress
  const due = plan.dueAt(iteration)
  const tensors = due.evaluation !== undefined ? yield* finiteTensors(trainer, from) : undefined
  const rows: Array<Metric> = []
  let state = from
  if (due.trainMetric) {
    const measured = state.progress
    const { progress, row } = yield* ownCodeTry(() => measureTraining(training, measured, batch))
    rows.push(row)
    state = { ...state, progress }
  }
  if (due.evaluation !== undefined) {
    const { progress, row } = yield* measureValidation(training, state, batch)
    rows.push(row)
    if (due.evaluation === "scheduled") state = { ...state, progress }
  }
  yield* training.checkOwned
  yield* appendMetrics(metrics, rows)
  const weights = tensors?.filter(({ name }) => training.weights.has(name)) ?? []
  yield* appendEvents(events, iteration, rows, weights)
  const isBest = state.progress.best?.iteration === iteration
  return due.checkpoint || isBest || iteration === plan.total ? yield* save(training, state, tensors) : state
})

/** Trains the iterations of a chunk in one call of the engine. */
const runChunk = Effect.fnUntraced(function* (
  { experiment, onProgress, plan, trainer }: Training,
  perCall: IterationsPerCall,
  from: TrainState,
  chunk: FeedChunk,
) {
  const { errorRates, losses } = yield* perCall.timed(
    chunk.iterations,
    trainer.train(chunk.iterations, chunk.feeds),
  )
  const bad = losses.findIndex((loss) => !Number.isFinite(loss))
  if (bad >= 0) return yield* diverged(from, chunk.iteration + bad + 1, `the loss is ${losses[bad]}`)
  const progress = {
    ...from.progress,
    iteration: chunk.iteration + chunk.iterations,
    window: addToWindow(from.progress.window, losses, errorRates),
  }
  const batch: BatchMetrics = {
    loss: losses[losses.length - 1],
    errorRate: errorRates[errorRates.length - 1],
  }
  const { batchSize } = experiment
  yield* onProgress({ iteration: progress.iteration, total: plan.total, batchSize, loss: batch.loss })
  yield* Effect.yieldNow
  return { batch, state: { ...from, progress } satisfies TrainState }
})

const stopIfRequested = Effect.fnUntraced(function* (training: Training, state: TrainState) {
  const { iteration } = state.progress
  const signal = training.stopRequested()
  const isPausing = training.pauseAt !== undefined && iteration >= training.pauseAt
  if (signal === undefined && !isPausing) return
  yield* save(training, state)
  const during = `train at iteration ${count(iteration)} of ${count(training.plan.total)}`
  return yield* isPausing || signal === undefined
    ? new Paused({ during })
    : new Interrupted({ signal, during })
})

/** Trains to the end of the budget, or until early stopping. */
const runIterations = Effect.fnUntraced(function* (training: Training, start: TrainState) {
  const { experiment, plan } = training
  if (start.progress.iteration > 0 && training.pauseAt !== undefined) yield* stopIfRequested(training, start)
  const perCall = makeIterationsPerCall()
  // One stream to the end, so that the next chunk is filled also while metrics are measured.
  const chunks = training.feeds({
    from: start.progress.iteration,
    until: plan.total,
    chunk: (iteration) => Math.min(perCall.next(), plan.nextDue(iteration) - iteration),
  })
  let state = start
  yield* Stream.runForEachWhile(chunks, (chunk) =>
    Effect.gen(function* () {
      const made = yield* runChunk(training, perCall, state, chunk)
      const { iteration } = made.state.progress
      const isAnyDue = iteration === plan.nextDue(chunk.iteration)
      state = isAnyDue ? yield* recordDue(training, made.state, made.batch) : made.state
      if (iteration < plan.total) yield* stopIfRequested(training, state)
      return !shouldStopEarly(experiment, state.progress)
    }),
  )
  return state
})

export const train = Effect.fn("train")(function* (options: TrainOptions) {
  const { checkpoints, events, examples, experiment } = options
  const paths = yield* Path.Path
  const plan = makePlan(experiment, examples, options.begunWith)
  const { total } = plan
  const training: Training = { ...options, plan }
  const start = yield* resume(training)
  const end = hasEnded(experiment, total, start.progress) ? start : yield* runIterations(training, start)
  // Early stopping ends at an evaluation that is not the best, so its checkpoint may not be due.
  const { progress } = yield* save(training, end)
  yield* endEvents(events)
  yield* publishMetrics(options.metrics)
  return {
    budget: total,
    progress,
    checkpoint: paths.join(
      paths.basename(checkpoints),
      checkpointFile(testedIteration(experiment, progress)),
    ),
    stoppedEarly: progress.iteration < total,
  } satisfies Trained
})
