/** What a prediction computes: (program) -> its trace for as many images as a call takes. */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import type { Program } from "../Engine.ts"
import { reachable, sizeOf } from "../trace/graph.ts"
import type { Trace } from "../trace/trace.ts"
import { traceProgram } from "../trace/traceProgram.ts"
import { engineName } from "./runtime.ts"

/** Possible numbers of images per call. */
const imagesPerCall = [1000, 500, 250, 100, 50, 25] as const
/** The limit for the largest value of a call, in bytes. */
const largestValue = 16 * 2 ** 20

/** No weight has by chance as large a first axis. */
const improbableBatch = 997

/**
 * As many images as the limit allows. With convolutions over 28 × 28 in 32 channels it is 100, which takes 8 % more time and 30
 * MiB less than 250. With dense layers it is 1000, which takes a tenth to a third less time than 250, because each call begins
 * with copying the weights and waking the threads.
 */
const evaluationBatchOf = ({ outputs }: Trace<"probabilities">): number => {
  const [images] = outputs.probabilities.shape
  const sizes = reachable([outputs.probabilities])
    .filter(({ shape }) => shape[0] === images)
    .map(({ shape }) => sizeOf(shape) / images)
  const bytes = 4 * Math.max(...sizes)
  return (
    imagesPerCall.find((count) => count * bytes <= largestValue) ?? imagesPerCall[imagesPerCall.length - 1]
  )
}

export const tracePredictions = Effect.fnUntraced(function* (program: Program) {
  const { inputShape, variables } = program
  const traceWith = (images: number) =>
    traceProgram(
      engineName,
      variables,
      [{ name: "images", shape: [images, ...inputShape] }],
      ({ images }) => ({ probabilities: program.predict(images as tf.Tensor4D) }),
    )
  const evaluationBatch = evaluationBatchOf(yield* traceWith(improbableBatch))
  return { evaluationBatch, trace: yield* traceWith(evaluationBatch) }
})
