/**
 * predictions.safetensors: (answers to the test split) -> bytes. What reads it is `pipeline/predictions.ts`.
 */
import { encodeSafetensors } from "../storage/safetensors.ts"

export interface TestAnswers {
  /** [examples, classes] */
  readonly probabilities: Float32Array
  readonly classes: number
  /** [examples] */
  readonly labels: ArrayLike<number>
  /** Index of each test example in its dataset, train files first. */
  readonly indices: ArrayLike<number>
}

/** `fingerprint`: of the experiment, or of what else gave the answers. */
export const encodePredictions = (
  { classes, indices, labels, probabilities }: TestAnswers,
  fingerprint: string,
): Uint8Array =>
  encodeSafetensors({
    tensors: [
      { name: "probabilities", shape: [labels.length, classes], data: probabilities },
      { name: "labels", shape: [labels.length], data: Int32Array.from(labels) },
      { name: "indices", shape: [labels.length], data: Int32Array.from(indices) },
    ],
    metadata: { format: "tidemark-predictions-1", fingerprint },
  })
