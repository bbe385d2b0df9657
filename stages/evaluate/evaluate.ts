/**
 * Loss and accuracy of a split: (trainer, normalized images, labels) -> outputs of every example and their figures.
 *
 * Sums run in the order of the examples in float64, so the figures do not depend on the size of the batches.
 */
import { Effect } from "effect"
import type { Trainer } from "../../engines/Engine.ts"
import type { Loss } from "../../schemas/Experiment.ts"
import { toProbabilities } from "./probabilities.ts"
import { predictedLabels } from "../statistics/proportions.ts"

export interface Evaluation {
  readonly examples: number
  /** Mean over the examples, as the experiment's loss is defined. */
  readonly loss: number
  readonly accuracy: number
  /** Class probabilities, [examples, classes]. */
  readonly probabilities: Float32Array
}

/** A split that can be read in pieces: the whole of it as float32 would take four times its memory. */
export interface EvaluationSplit {
  readonly examples: number
  readonly classes: number
  readonly labels: ArrayLike<number>
  /** Normalized images `from` to `until`, [until - from, height, width, channels]. */
  readonly images: (from: number, until: number) => Float32Array
}

/** The smallest normal float32: -log of it bounds the loss of one example at 87.3 where a probability underflows. */
const smallest = 2 ** -126

const exampleLoss = (loss: Loss, outputs: Float32Array, row: number, classes: number, label: number) => {
  if (loss === "softmaxCrossEntropy") return -Math.log(Math.max(outputs[row * classes + label], smallest))
  let sum = 0
  for (let c = 0; c < classes; c++) sum += (outputs[row * classes + c] - (c === label ? 1 : 0)) ** 2
  return sum / classes
}

/** Mean over the examples of a loss, as the experiment defines it. */
export const meanLoss = (
  loss: Loss,
  outputs: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): number => {
  let sum = 0
  for (let row = 0; row < labels.length; row++) sum += exampleLoss(loss, outputs, row, classes, labels[row])
  return sum / labels.length
}

export const evaluate = Effect.fn("evaluate")(function* (
  trainer: Trainer,
  split: EvaluationSplit,
  loss: Loss,
) {
  const { classes, examples, labels } = split
  const answers = new Float32Array(examples * classes)
  for (let from = 0; from < examples; from += trainer.evaluationBatch) {
    const until = Math.min(examples, from + trainer.evaluationBatch)
    answers.set(yield* trainer.predict(split.images(from, until)), from * classes)
    // Each call blocks the thread: signals and timers get their turn between them.
    yield* Effect.yieldNow
  }
  const probabilities = toProbabilities(loss, answers, classes)
  const right = predictedLabels(probabilities, classes).filter((predicted, i) => predicted === labels[i])
  return {
    examples,
    loss: meanLoss(loss, answers, labels, classes),
    accuracy: right.length / examples,
    probabilities,
  } satisfies Evaluation
})
