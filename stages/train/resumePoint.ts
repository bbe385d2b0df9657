/**
 * Where training resumes: (checkpoints, experiment, budget) -> the checkpoint to continue from, or none.
 */
import { Effect, Result } from "effect"
import type { TrainProgress } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/Experiment.ts"
import type { Parent } from "../../schemas/Run.ts"
import {
  checkpointFile,
  ForkNotRepeatable,
  discardCheckpointsFrom,
  loadCheckpoint,
  newestGoodCheckpoint,
  restoreCheckpoint,
} from "./checkpoint.ts"
import { shouldStopEarly } from "./earlyStopping.ts"

/** Whether training has ended: the budget is used up, or early stopping ended it. */
export const hasEnded = (experiment: Experiment, total: number, progress: TrainProgress): boolean =>
  progress.iteration >= total || shouldStopEarly(experiment, progress)

/** The iteration whose checkpoint the report tests, once training has ended. */
export const testedIteration = ({ report }: Experiment, { best, iteration }: TrainProgress): number =>
  report === "best" && best !== null ? best.iteration : iteration

/**
 * The newest checkpoint that is good. If training has ended and the checkpoint to test is lost, it is the newest good one
 * before that, so that training makes the lost one again; a fork that has none before it fails, and nothing is changed.
 */
export const findResumePoint = Effect.fn("findResumePoint")(function* (options: {
  readonly checkpoints: string
  readonly experiment: Experiment
  readonly parent?: Parent | undefined
  /** Iterations in the budget. */
  readonly total: number
}) {
  const { checkpoints, experiment, parent, total } = options
  const newest = yield* restoreCheckpoint(checkpoints, total, parent)
  if (newest === undefined || !hasEnded(experiment, total, newest.progress)) return newest
  const tested = testedIteration(experiment, newest.progress)
  if (tested === newest.progress.iteration) return newest
  const loaded = yield* loadCheckpoint(checkpoints, checkpointFile(tested))
  if (Result.isSuccess(loaded)) return newest
  yield* Effect.logWarning(
    `checkpoint ${checkpointFile(tested)}, the best, is lost: ${loaded.failure}; training goes back to make it again`,
  )
  if (parent !== undefined && (yield* newestGoodCheckpoint(checkpoints, tested)) === undefined) {
    return yield* new ForkNotRepeatable({ parent })
  }
  yield* discardCheckpointsFrom(checkpoints, tested)
  return yield* restoreCheckpoint(checkpoints, total, parent)
})
