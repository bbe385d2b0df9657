/**
 * A block of a residual network: activation before each of two convolutions, and the input added to their result.
 *
 * He, Zhang, Ren and Sun, Identity mappings in deep residual networks (2016). In place of batch normalization, the branch is
 * scaled by a learned gain that begins at zero, so that the block begins as the identity: De and Smith, Batch normalization
 * biases residual blocks towards the identity function (2020), here with a gain for each channel.
 */
import * as tf from "@tensorflow/tfjs-core"
import { Schema } from "effect"
import { defineLayer, withDefault, type Weight } from "tidemark/code"

const Size = Schema.Int.check(Schema.isGreaterThan(0))

const convolve = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, strides: number) =>
  tf.add(tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, strides, "same"), bias)

/** [height, width, channels] -> [height / strides, width / strides, filters] */
export const residual = defineLayer({
  options: Schema.Struct({
    /** Output channels. */
    filters: Size,
    /** Distance between the windows of the first convolution. */
    strides: withDefault(Size, 1),
  }),
  weights: ({ filters, strides }, [[, , channels]]): Record<string, Weight> => {
    const kernel = (size: number, from: number): Weight => ({
      shape: [size, size, from, filters],
      initializer: { kind: "heNormal" },
    })
    return {
      first_kernel: kernel(3, channels),
      firstBias: { shape: [filters] },
      second_kernel: kernel(3, filters),
      secondBias: { shape: [filters] },
      gain: { shape: [filters] },
      // The identity has no weights. Another shape needs a convolution of one pixel.
      ...(strides === 1 && channels === filters
        ? {}
        : { shortcut_kernel: kernel(1, channels), shortcutBias: { shape: [filters] } }),
    }
  },
  call: ({ input, options, weights }) => {
    const active = tf.relu(input)
    const inner = tf.relu(convolve(active, weights.first_kernel, weights.firstBias, options.strides))
    const branch = tf.mul(convolve(inner, weights.second_kernel, weights.secondBias, 1), weights.gain)
    const shortcut =
      "shortcut_kernel" in weights
        ? convolve(active, weights.shortcut_kernel, weights.shortcutBias, options.strides)
        : input
    return tf.add(shortcut, branch)
  },
})
