/**
 * The checkpoint from which training resumes: (checkpoints, experiment, budget) -> the checkpoint, or none.
 */
import { Effect, Result } from "effect"
import type { TrainProgress } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
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

/** Whether training has ended, by its budget or by early stopping. */
export const hasEnded = (experiment: Experiment, total: number, progress: TrainProgress): boolean =>
  progress.iteration >= total || shouldStopEarly(experiment, progress)

/** The iteration whose checkpoint the report stage tests after training. */
export const testedIteration = ({ report }: Experiment, { best, iteration }: TrainProgress): number =>
  report === "best" && best !== null ? best.iteration : iteration

/**
 * The newest good checkpoint. If training has ended and the checkpoint to test is lost, the newest good one before
 * it, so that training makes the lost one again. Fails for a fork that has none before it; then nothing is changed.
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
    `the best checkpoint ${checkpointFile(tested)} is lost: ${loaded.failure}; training resumes from an earlier one to make it again`,
  )
  if (parent !== undefined && (yield* newestGoodCheckpoint(checkpoints, tested)) === undefined) {
    return yield* new ForkNotRepeatable({ parent })
  }
  yield* discardCheckpointsFrom(checkpoints, tested)
  return yield* restoreCheckpoint(checkpoints, total, parent)
})
