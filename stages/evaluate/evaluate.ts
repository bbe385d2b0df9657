/**
 * Evaluates a split: (trainer, normalized images, labels) -> loss, accuracy and the probabilities of every example.
 *
 * Sums are in float64 in the order of the examples, so they do not depend on the batch size.
 */
import { Effect } from "effect"
import type { Trainer } from "../../engines/Engine.ts"
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import { toProbabilities } from "./probabilities.ts"
import { predictedLabels } from "../statistics/proportions.ts"

export interface Evaluation {
  readonly examples: number
  /** Mean over the examples of the experiment's loss. */
  readonly loss: number
  readonly accuracy: number
  /** Class probabilities, [examples, classes]. */
  readonly probabilities: Float32Array
}

/** A split that is read in pieces: all of it as float32 would take four times its memory. */
export interface EvaluationSplit {
  readonly examples: number
  readonly classes: number
  readonly labels: ArrayLike<number>
  /** Normalized images `from` to `until`, [until - from, height, width, channels]. Valid until the next call. */
  readonly images: (from: number, until: number) => Float32Array
}

/** The smallest normal float32. It bounds the loss of one example at -log = 87.3 when a probability underflows. */
const minNormal = 2 ** -126

/** Binary cross-entropy of a logit: log(1 + e^x) - x·y. */
const sigmoidLoss = (logit: number, target: number) =>
  Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - logit * target

const squaredError = (output: number, target: number) => (output - target) ** 2

const exampleLoss = (loss: Loss, predictions: Float32Array, row: number, classes: number, label: number) => {
  if (loss !== "meanSquaredError" && loss !== "sigmoidCrossEntropy") {
    return -Math.log(Math.max(predictions[row * classes + label], minNormal))
  }
  const lossOf = loss === "sigmoidCrossEntropy" ? sigmoidLoss : squaredError
  let sum = 0
  for (let c = 0; c < classes; c++) sum += lossOf(predictions[row * classes + c], c === label ? 1 : 0)
  return sum / classes
}

/** Mean over the examples. `predictions`: [examples, classes]. */
export const meanLoss = (
  loss: Loss,
  predictions: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): number => {
  let sum = 0
  for (let row = 0; row < labels.length; row++)
    sum += exampleLoss(loss, predictions, row, classes, labels[row])
  return sum / labels.length
}

export const evaluate = Effect.fn("evaluate")(function* (
  trainer: Trainer,
  split: EvaluationSplit,
  loss: Loss,
) {
  const { classes, examples, labels } = split
  const predictions = new Float32Array(examples * classes)
  for (let from = 0; from < examples; from += trainer.evaluationBatch) {
    const until = Math.min(examples, from + trainer.evaluationBatch)
    predictions.set(yield* trainer.predict(split.images(from, until)), from * classes)
    // Each call blocks the thread. Signals and timers are handled between calls.
    yield* Effect.yieldNow
  }
  const probabilities = toProbabilities(loss, predictions, classes)
  const correct = predictedLabels(probabilities, classes).filter((predicted, i) => predicted === labels[i])
  return {
    examples,
    loss: meanLoss(loss, predictions, labels, classes),
    accuracy: correct.length / examples,
    probabilities,
  } satisfies Evaluation
})
