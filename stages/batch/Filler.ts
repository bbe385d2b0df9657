/** What writes the images and labels of consecutive iterations: on this thread (`batch.ts`) or beside it (`batchThread.ts`). */
import { type Effect, Runtime, Schema } from "effect"
import type { BatchOptions } from "./fillBatch.ts"

/** The thread that fills batches has ended, or could not begin. */
export class BatchThreadFailed extends Schema.TaggedError<BatchThreadFailed>()("BatchThreadFailed", {
  reason: Schema.String,
}) {
  override get [Runtime.errorExitCode]() {
    return 70
  }
  override get message() {
    return `the thread that fills batches failed: ${this.reason}; \`resume\` goes on from the newest checkpoint`
  }
}

/** Images and labels of consecutive iterations, stacked. */
export interface Arrays {
  readonly images: Float32Array<ArrayBuffer>
  readonly labels: Float32Array<ArrayBuffer>
}

export interface Filler {
  /** Numbers in an iteration's images and in its labels. */
  readonly sizes: { readonly images: number; readonly labels: number }
  /** Gives back the arrays it was given, filled; those are not to be used any more. One call at a time. */
  readonly fill: (
    iteration: number,
    iterations: number,
    arrays: Arrays,
  ) => Effect.Effect<Arrays, BatchThreadFailed>
}

export const sizesOf = ({ batchSize, dataset }: BatchOptions): Filler["sizes"] => ({
  images: batchSize * (dataset.images.length / dataset.labels.length),
  labels: batchSize * dataset.classes,
})
