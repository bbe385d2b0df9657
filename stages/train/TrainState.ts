/**
 * The state of the train loop, as one value. Each chunk of iterations returns the next one.
 *
 * `progress` is saved in every checkpoint, so that a resumed run continues exactly. `savedAt` is not: it affects no result.
 */
import { Effect } from "effect"
import type { Trainer } from "../../engines/Engine.ts"
import type { TrainProgress } from "../../schemas/Checkpoint.ts"
import { checkpointFile } from "./checkpoint.ts"
import { NonFiniteLoss, nonFiniteIn } from "./NonFiniteLoss.ts"

export interface TrainState {
  readonly progress: TrainProgress
  /** The iteration of the newest checkpoint; null before the first. */
  readonly savedAt: number | null
}

/** Metrics of one batch with the weights before its update. */
export interface BatchMetrics {
  readonly loss: number
  readonly errorRate: number
}

/** The error for a value at `iteration` that is not finite; `found` describes it. */
export const diverged = ({ savedAt }: TrainState, iteration: number, found: string): NonFiniteLoss =>
  new NonFiniteLoss({ iteration, found, lastGood: savedAt === null ? null : checkpointFile(savedAt) })

/** The tensors of the trainer, which are checked to be finite before they are evaluated or saved. */
export const finiteTensors = Effect.fnUntraced(function* (trainer: Trainer, state: TrainState) {
  const tensors = yield* trainer.state
  const found = nonFiniteIn(tensors)
  return found === undefined ? tensors : yield* diverged(state, state.progress.iteration, found)
})
