/**
 * A squeeze-and-excitation block: [height, width, channels] -> the same, each channel scaled by a learned gate of all channels.
 * Hu, Shen and Sun, Squeeze-and-excitation networks (2018).
 */
import * as tf from "@tensorflow/tfjs-core"
import { Schema } from "effect"
import { defineLayer, withDefault } from "tidemark/code"

export const squeezeExcitation = defineLayer({
  options: Schema.Struct({
    /** How many times fewer channels the gate has inside. */
    ratio: withDefault(Schema.Int.check(Schema.isGreaterThan(0)), 4),
  }),
  weights: ({ ratio }, [[, , channels]]) => {
    const squeezed = Math.max(1, Math.floor(channels / ratio))
    return {
      squeeze: { shape: [channels, squeezed], initializer: { kind: "heNormal" } },
      squeezeBias: { shape: [squeezed] },
      excite: { shape: [squeezed, channels] },
      exciteBias: { shape: [channels] },
    }
  },
  call: ({ input, weights }) => {
    const [, , , channels] = input.shape
    const means = tf.mean(input, [1, 2])
    const squeezed = tf.relu(
      tf.add(tf.matMul(means as tf.Tensor2D, weights.squeeze as tf.Tensor2D), weights.squeezeBias),
    )
    const gate = tf.sigmoid(
      tf.add(tf.matMul(squeezed as tf.Tensor2D, weights.excite as tf.Tensor2D), weights.exciteBias),
    )
    return tf.mul(input, tf.reshape(gate, [-1, 1, 1, channels]))
  },
})
