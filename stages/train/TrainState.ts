/**
 * Where training stands, as one value: each chunk of iterations makes the next one.
 *
 * `progress` is saved in every checkpoint, so that a resumed attempt continues exactly. `savedAt` is known to the attempt
 * alone and changes no result.
 */
import { Effect } from "effect"
import type { Trainer } from "../../engines/Engine.ts"
import type { TrainProgress } from "../../schemas/Checkpoint.ts"
import { checkpointFile } from "./checkpoint.ts"
import { NonFiniteLoss, nonFiniteIn } from "./NonFiniteLoss.ts"

export interface TrainState {
  readonly progress: TrainProgress
  /** The iteration of the newest checkpoint of this training; null before the first. */
  readonly savedAt: number | null
}

/** Of one batch, before its update. */
export interface BatchMetrics {
  readonly loss: number
  readonly errorRate: number
}

/** `found` at `iteration` is not a finite number. */
export const diverged = ({ savedAt }: TrainState, iteration: number, found: string): NonFiniteLoss =>
  new NonFiniteLoss({ iteration, found, lastGood: savedAt === null ? null : checkpointFile(savedAt) })

/** The tensors as they stand: what is evaluated or saved is finite throughout. */
export const finiteTensors = Effect.fnUntraced(function* (trainer: Trainer, state: TrainState) {
  const tensors = yield* trainer.state
  const found = nonFiniteIn(tensors)
  return found === undefined ? tensors : yield* diverged(state, state.progress.iteration, found)
})
