/**
 * What an exported model is made of, whatever its format: the network, its weights, and a batch of any size.
 *
 * A trace needs a batch size. `anyBatch` stands for any size, and no network has it by chance: an encoder replaces it, and
 * refuses what would be right for one size only.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect, Schema } from "effect"
import { Failure } from "../schemas/Failure.ts"
import type { StateTensor } from "./Engine.ts"
import type { Trace } from "./trace/trace.ts"
import { traceProgram } from "./trace/traceProgram.ts"

export interface Standalone {
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number]
  readonly classes: number
  /** The variables that `probabilities` may read. */
  readonly variables: ReadonlyArray<tf.Variable>
  /** Class probabilities [n, classes] of images [n, height, width, channels]. */
  readonly probabilities: (images: tf.Tensor4D) => tf.Tensor2D
  /** A constant of the model, and the variable that it replaces. */
  readonly weights: ReadonlyArray<{ readonly tensor: StateTensor; readonly variable: string }>
}

/** The format has no operation for a part of the network. */
export class ExportImpossible extends Failure<ExportImpossible>()("ExportImpossible", {
  exitCode: "dataError",
  fields: { format: Schema.String, kernel: Schema.String, layer: Schema.String, detail: Schema.String },
  message: ({ detail, format, kernel, layer }) =>
    `cannot export to ${format}: ${kernel} of layer ${layer}: ${detail}; use --format safetensors, which holds the weights alone`,
}) {}

const anyBatch = 7919

/** The batch, or a multiple of it: patches of all images, as one axis. */
export const isOfBatch = (size: number) => size > 0 && size % anyBatch === 0

/** Traces the probabilities of any number of images. */
export const traceStandalone = (
  format: string,
  { inputShape, probabilities, variables }: Standalone,
): Effect.Effect<Trace<"probabilities">, ExportImpossible> =>
  traceProgram(format, variables, [{ name: "images", shape: [anyBatch, ...inputShape] }], ({ images }) => ({
    probabilities: probabilities(images as tf.Tensor4D),
  })).pipe(
    Effect.mapError(({ detail, kernel, layer }) => new ExportImpossible({ format, kernel, layer, detail })),
  )
