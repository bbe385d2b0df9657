/**
 * What a network's outputs mean: (loss, outputs [n, classes]) -> the loss that is minimized, predictions, probabilities.
 */
import * as tf from "@tensorflow/tfjs-core"
import { inLayer } from "../../engines/trace/layer.ts"
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import type { OwnFunction } from "../../schemas/experiment/OwnCode.ts"
import { kindOf, OwnCodeFailed, type OwnFunctions } from "../code/load.ts"
import { minSum } from "../evaluate/probabilities.ts"
import { callOwn } from "./ownLayer.ts"

/** One-hot labels [n, classes] smoothed by a share s: y·(1 - s) + s / classes. */
export const smoothLabels = (labels: tf.Tensor, share: number, classes: number): tf.Tensor =>
  share === 0 ? labels : tf.add(tf.mul(labels, 1 - share), share / classes)

/** [classes]: 1 for a class that is not named. */
export const weightsByLabel = (weights: Readonly<Record<string, number>>, classes: number): tf.Tensor =>
  tf.tensor1d(Array.from({ length: classes }, (_, label) => weights[label] ?? 1))

interface Losses<L> {
  readonly loss: L
  /** [batch, classes] */
  readonly labels: tf.Tensor
  /** [batch, classes] */
  readonly outputs: tf.Tensor
  readonly functions: OwnFunctions
  /** Of each example [batch]; undefined if all count the same. */
  readonly weights: tf.Tensor | undefined
}

/** Of values [batch]. */
const weightedMean = (values: tf.Tensor, weights: tf.Tensor | undefined): tf.Scalar =>
  tf.mean(weights === undefined ? values : tf.mul(values, weights))

/** The mean over the batch of what a loss of own code gives. */
const ownLoss = ({ functions, labels, loss, outputs, weights }: Losses<OwnFunction>): tf.Scalar => {
  const code = functions.get("loss", loss)
  const given = { labels: labels as tf.Tensor2D, outputs: outputs as tf.Tensor2D, options: code.options }
  const losses = callOwn(code, () => code.definition.call(given))
  const [batch] = outputs.shape
  const isScalar = losses instanceof tf.Tensor && losses.shape.length === 0
  const isPerExample = losses instanceof tf.Tensor && losses.shape.join() === String(batch)
  if (isPerExample) return weightedMean(losses, weights)
  if (isScalar && weights === undefined) return losses as tf.Scalar
  const found = losses instanceof tf.Tensor ? `a tensor of [${losses.shape.join(", ")}]` : kindOf(losses)
  throw new OwnCodeFailed({
    what: code.title,
    problem:
      weights === undefined
        ? `call gives ${found}, expected the loss of each example [batch], or its mean []`
        : `call gives ${found}, expected the loss of each example [batch], because the experiment has classWeight`,
  })
}

/** Mean over the batch; an example with a weight counts so many times, and the divisor stays the batch size. */
export const lossOf = (given: Losses<Loss>): tf.Scalar => {
  const { labels, loss, outputs, weights } = given
  if (typeof loss !== "string") return ownLoss({ ...given, loss })
  switch (loss) {
    case "softmaxCrossEntropy": {
      if (weights === undefined) return tf.losses.softmaxCrossEntropy(labels, outputs)
      const each = tf.losses.softmaxCrossEntropy(labels, outputs, undefined, 0, tf.Reduction.NONE)
      return weightedMean(each, weights)
    }
    case "sigmoidCrossEntropy": {
      // log(1 + e^x) - x·y, which is stable for every logit x.
      const each = tf.sub(tf.softplus(outputs), tf.mul(outputs, labels))
      return weightedMean(tf.mean(each, -1), weights)
    }
    case "meanSquaredError": {
      if (weights === undefined) return tf.losses.meanSquaredError(labels, outputs)
      return weightedMean(tf.mean(tf.squaredDifference(labels, outputs), -1), weights)
    }
  }
}

/** The share of the batch whose class is not the one with the largest output. */
export const errorRateOf = (labels: tf.Tensor, outputs: tf.Tensor): tf.Scalar =>
  tf.mean(tf.cast(tf.notEqual(tf.argMax(outputs, -1), tf.argMax(labels, -1)), "float32"))

const ownProbabilities = (loss: OwnFunction, functions: OwnFunctions, outputs: tf.Tensor2D): tf.Tensor2D => {
  const code = functions.get("loss", loss)
  const { probabilities: own } = code.definition
  if (own === undefined) return tf.softmax(outputs)
  const probabilities = callOwn(code, () => own({ outputs, options: code.options }))
  if (probabilities instanceof tf.Tensor && probabilities.shape.join() === outputs.shape.join()) {
    return probabilities as tf.Tensor2D
  }
  throw new OwnCodeFailed({
    what: code.title,
    problem: "probabilities gives another shape, expected [batch, classes]",
  })
}

/** What the program predicts: class probabilities, or outputs as they are if the loss is computed of them. */
export const predictionsOf = (loss: Loss, outputs: tf.Tensor2D, functions: OwnFunctions): tf.Tensor2D => {
  if (typeof loss !== "string") return ownProbabilities(loss, functions, outputs)
  switch (loss) {
    case "softmaxCrossEntropy":
      return tf.softmax(outputs)
    case "sigmoidCrossEntropy":
    case "meanSquaredError":
      return outputs
  }
}

/**
 * As `toProbabilities` (`stages/evaluate/probabilities.ts`), inside the program. It computes in float32, in which the
 * probabilities of logits above 17 are equal.
 */
export const probabilitiesOf = (loss: Loss, predictions: tf.Tensor2D): tf.Tensor2D => {
  switch (loss) {
    case "sigmoidCrossEntropy":
      // The softmax of log sigmoid x = -log(1 + e^-x): sigmoids divided by their sum, which may all be too small for float32.
      return inLayer("loss", () => tf.softmax(tf.neg(tf.softplus(tf.neg(predictions)))))
    case "meanSquaredError":
      return inLayer("loss", () => tf.div(predictions, tf.maximum(tf.sum(predictions, -1, true), minSum)))
    default:
      return predictions
  }
}
