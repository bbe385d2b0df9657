/**
 * The focal loss: examples that the network already classifies well count less.
 * Lin, Goyal, Girshick, He and Dollár, Focal loss for dense object detection (2017).
 */
import * as tf from "@tensorflow/tfjs-core"
import { Schema } from "effect"
import { defineLoss, withDefault } from "tidemark/code"

export const focalLoss = defineLoss({
  options: Schema.Struct({
    /** 0 is the cross-entropy. */
    gamma: withDefault(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), 2),
  }),
  call: ({ labels, options, outputs }) => {
    const logProbabilities = tf.logSoftmax(outputs)
    const focus = tf.pow(tf.sub(1, tf.exp(logProbabilities)), options.gamma)
    return tf.neg(tf.sum(tf.mul(labels, tf.mul(focus, logProbabilities)), -1))
  },
})
