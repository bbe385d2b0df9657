/**
 * Writes the images and labels of consecutive iterations, on this thread (`batch.ts`) or in a worker thread
 * (`batchThread.ts`).
 */
import { type Effect, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import type { OwnCodeFailed } from "../code/load.ts"
import type { StorageFailed } from "../../storage/StorageFailed.ts"
import { imageBytes } from "../dataset/images.ts"
import type { BatchOptions, Images } from "./fillBatch.ts"

/** The thread that fills batches has ended or could not start. */
export class BatchThreadFailed extends Failure<BatchThreadFailed>()("BatchThreadFailed", {
  exitCode: "software",
  fields: { reason: Schema.String },
  message: ({ reason }) =>
    `the thread that fills batches failed: ${reason}; \`resume\` continues from the newest checkpoint`,
}) {}

/** Augmentation of own code may fail. */
export type FillFailed = BatchThreadFailed | OwnCodeFailed | StorageFailed

/** Images and labels of consecutive iterations, stacked. */
export interface Arrays {
  readonly images: Images
  readonly labels: Float32Array<ArrayBuffer>
}

export interface Sizes {
  readonly images: number
  readonly labels: number
  /** Whether the images are bytes. Else they are float32, as the labels. */
  readonly areBytes: boolean
}

export interface Filler {
  /** Values in the images and in the labels of one iteration. */
  readonly sizes: Sizes
  /** Returns the arrays, filled. The ones that were passed must not be used any more. One call at a time. */
  readonly fill: (iteration: number, iterations: number, arrays: Arrays) => Effect.Effect<Arrays, FillFailed>
}

export const sizesOf = ({ asBytes = false, batchSize, dataset }: BatchOptions): Sizes => ({
  images: batchSize * imageBytes(dataset),
  labels: batchSize * dataset.classes,
  areBytes: asBytes,
})
