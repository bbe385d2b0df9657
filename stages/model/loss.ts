/**
 * What a network's outputs mean: (loss, outputs [n, classes]) -> the loss that is minimized, predictions, probabilities.
 */
import * as tf from "@tensorflow/tfjs-core"
import { inLayer } from "../../engines/trace/layer.ts"
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import type { OwnFunction } from "../../schemas/experiment/OwnCode.ts"
import { OwnCodeFailed, type OwnFunctions } from "../code/load.ts"
import { minSum } from "../evaluate/probabilities.ts"
import { callOwn } from "./ownLayer.ts"

/** One-hot labels [n, classes] smoothed by a share s: y·(1 - s) + s / classes. */
export const smoothLabels = (labels: tf.Tensor, share: number, classes: number): tf.Tensor =>
  share === 0 ? labels : tf.add(tf.mul(labels, 1 - share), share / classes)

/** The mean over the batch of what a loss of own code gives. */
const ownLoss = (
  loss: OwnFunction,
  functions: OwnFunctions,
  labels: tf.Tensor,
  outputs: tf.Tensor,
): tf.Scalar => {
  const code = functions.get("loss", loss)
  const given = { labels: labels as tf.Tensor2D, outputs: outputs as tf.Tensor2D, options: code.options }
  const losses = callOwn(code, () => code.definition.call(given))
  const [batch] = outputs.shape
  const isScalar = losses instanceof tf.Tensor && losses.shape.length === 0
  const isPerExample = losses instanceof tf.Tensor && losses.shape.join() === String(batch)
  if (isScalar) return losses as tf.Scalar
  if (isPerExample) return tf.mean(losses)
  const found = losses instanceof tf.Tensor ? `a tensor of [${losses.shape.join(", ")}]` : typeof losses
  throw new OwnCodeFailed({
    what: code.title,
    problem: `call gives ${found}, expected the loss of each example [batch], or its mean []`,
  })
}

/** Mean over the batch. */
export const lossOf = (
  loss: Loss,
  labels: tf.Tensor,
  outputs: tf.Tensor,
  functions: OwnFunctions,
): tf.Scalar => {
  if (typeof loss !== "string") return ownLoss(loss, functions, labels, outputs)
  switch (loss) {
    case "softmaxCrossEntropy":
      return tf.losses.softmaxCrossEntropy(labels, outputs)
    case "meanSquaredError":
      return tf.losses.meanSquaredError(labels, outputs)
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

/** What the program predicts: class probabilities, or under meanSquaredError the outputs as they are. */
export const predictionsOf = (loss: Loss, outputs: tf.Tensor2D, functions: OwnFunctions): tf.Tensor2D => {
  if (typeof loss !== "string") return ownProbabilities(loss, functions, outputs)
  switch (loss) {
    case "softmaxCrossEntropy":
      return tf.softmax(outputs)
    case "meanSquaredError":
      return outputs
  }
}

/** As `toProbabilities` (`stages/evaluate/probabilities.ts`), inside the program. */
export const probabilitiesOf = (loss: Loss, predictions: tf.Tensor2D): tf.Tensor2D =>
  loss === "meanSquaredError"
    ? inLayer("loss", () => tf.div(predictions, tf.maximum(tf.sum(predictions, -1, true), minSum)))
    : predictions
