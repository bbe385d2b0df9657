/**
 * What a network's outputs mean: (loss, outputs [n, classes]) -> the loss that is minimized, predictions, probabilities.
 */
import * as tf from "@tensorflow/tfjs-core"
import { inLayer } from "../../engines/trace/layer.ts"
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import { minSum } from "../evaluate/probabilities.ts"

/** One-hot labels [n, classes] smoothed by a share s: y·(1 - s) + s / classes. */
export const smoothLabels = (labels: tf.Tensor, share: number, classes: number): tf.Tensor =>
  share === 0 ? labels : tf.add(tf.mul(labels, 1 - share), share / classes)

/** Mean over the batch. */
export const lossOf = (loss: Loss, labels: tf.Tensor, outputs: tf.Tensor): tf.Scalar => {
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

/** What the program predicts: class probabilities, or under meanSquaredError the outputs as they are. */
export const predictionsOf = (loss: Loss, outputs: tf.Tensor2D): tf.Tensor2D => {
  switch (loss) {
    case "softmaxCrossEntropy":
      return tf.softmax(outputs)
    case "meanSquaredError":
      return outputs
  }
}

/** As `toProbabilities` (`stages/evaluate/probabilities.ts`), inside the program. */
export const probabilitiesOf = (loss: Loss, predictions: tf.Tensor2D): tf.Tensor2D =>
  loss === "softmaxCrossEntropy"
    ? predictions
    : inLayer("loss", () => tf.div(predictions, tf.maximum(tf.sum(predictions, -1, true), minSum)))
