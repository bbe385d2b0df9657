/** What writes the images and labels of consecutive iterations: on this thread (`batch.ts`) or beside it (`batchThread.ts`). */
import { type Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import type { BatchOptions } from "./fillBatch.ts"

/** The thread that fills batches has ended, or could not begin. */
export class BatchThreadFailed extends Failure<BatchThreadFailed>()("BatchThreadFailed", {
  exitCode: "software",
  fields: { reason: Schema.String },
  message: ({ reason }) =>
    `the thread that fills batches failed: ${reason}; \`resume\` goes on from the newest checkpoint`,
}) {}

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
