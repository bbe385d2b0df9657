/**
 * What an engine is fed: (stream of batches, learning rate schedule, dropout masks) -> stream of complete feeds.
 *
 * A feed is a value that changes from one iteration to the next. All of them (batches, learning rate, dropout masks)
 * are pure functions of the iteration.
 */
import { Effect, Stream } from "effect"
import type { FeedValues } from "../../engines/Engine.ts"
import type { LearningRate } from "../../schemas/experiment/Optimizer.ts"
import type { BatchChunk } from "../batch/batch.ts"
import { fillDropoutMask, type DropoutMask } from "../model/dropout.ts"
import { type OwnCodeFailed, ownCodeTry } from "../code/load.ts"
import { purely } from "../code/purity.ts"
import { isBuiltIn, learningRateAt, type OwnRate } from "./learningRate.ts"
import type { FeedChunk } from "./train.ts"

export interface FeedOptions {
  readonly schedule: LearningRate
  /** Iterations in the budget. */
  readonly total: number
  /** Of a schedule of own code. */
  readonly ownRate?: OwnRate | undefined
  readonly dropoutMasks: ReadonlyArray<DropoutMask>
  /** Whether the engine holds the examples, and the batches are their indices. */
  readonly isHeld?: boolean
}

const size = (shape: ReadonlyArray<number>) => shape.reduce((a, b) => a * b, 1)

/** Of consecutive iterations. A schedule of own code is guarded once for all of them. */
const learningRates = (
  { ownRate, schedule, total }: Omit<FeedOptions, "dropoutMasks" | "isHeld">,
  from: number,
  iterations: number,
): Effect.Effect<Float32Array, OwnCodeFailed> => {
  const rates = () =>
    Float32Array.from({ length: iterations }, (_, i) => learningRateAt(schedule, from + i, total, ownRate))
  return isBuiltIn(schedule) ? Effect.sync(rates) : ownCodeTry(() => purely(rates))
}

/** Adds the learning rates and the dropout masks to each chunk of batches. */
export const withFeeds =
  ({ dropoutMasks, isHeld = false, ownRate, schedule, total }: FeedOptions) =>
  <E, R>(batches: Stream.Stream<BatchChunk, E, R>): Stream.Stream<FeedChunk, E | OwnCodeFailed, R> =>
    Stream.mapEffect(
      batches,
      Effect.fnUntraced(function* ({ images, iteration, iterations, labels }: BatchChunk) {
        const learningRate = yield* learningRates({ ownRate, schedule, total }, iteration, iterations)
        const masks = dropoutMasks.map((mask): [string, Float32Array] => {
          const length = size(mask.shape)
          const values = new Float32Array(iterations * length)
          for (let i = 0; i < iterations; i++) {
            fillDropoutMask(mask, iteration + i, values.subarray(i * length, (i + 1) * length))
          }
          return [mask.feed, values]
        })
        const examples: FeedValues = isHeld ? { indices: images } : { images, labels }
        return {
          iteration,
          iterations,
          feeds: { ...examples, learningRate, ...Object.fromEntries(masks) },
        } satisfies FeedChunk
      }),
    )
