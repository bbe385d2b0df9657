/**
 * The parts of a small vision transformer: patches of the image as tokens, and blocks of attention and a two-layer network.
 *
 * Dosovitskiy et al., An image is worth 16×16 words (2021), with the mean of the tokens in place of a class token. Tokens are
 * [batch, tokens, width].
 */
import * as tf from "@tensorflow/tfjs-core"
import { Schema } from "effect"
import { defineLayer, withDefault } from "tidemark/code"

const Size = Schema.Int.check(Schema.isGreaterThan(0))

/** The same matrix for every token: [batch, tokens, in] × [in, out] -> [batch, tokens, out]. */
const each = (tokens: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) => {
  const [, count, width] = tokens.shape
  const product = tf.matMul(tf.reshape(tokens, [-1, width]) as tf.Tensor2D, kernel as tf.Tensor2D)
  return tf.reshape(tf.add(product, bias), [-1, count, kernel.shape[1] ?? 0])
}

/** Layer normalization over the last axis: Ba, Kiros and Hinton (2016). */
const normalize = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) => {
  const centred = tf.sub(x, tf.mean(x, -1, true))
  const variance = tf.mean(tf.square(centred), -1, true)
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-6))), scale), offset)
}

/** [height, width, channels] -> [tokens, width]: a linear map of each square patch, and a learned position. */
export const patches = defineLayer({
  options: Schema.Struct({
    /** Pixels of a side of a patch; it divides the height and the width. */
    size: Size,
    /** Values of a token. */
    width: Size,
  }),
  weights: ({ size, width }, [[height, columns, channels]]) => ({
    kernel: { shape: [size, size, channels, width] },
    position: {
      shape: [Math.floor(height / size) * Math.floor(columns / size), width],
      initializer: { kind: "truncatedNormal", stddev: 0.02 },
    },
  }),
  call: ({ input, options, weights }) => {
    const { size, width } = options
    const mapped = tf.conv2d(input as tf.Tensor4D, weights.kernel as tf.Tensor4D, size, "valid")
    const [, rows, columns] = mapped.shape
    return tf.add(tf.reshape(mapped, [-1, rows * columns, width]), weights.position)
  },
})

/** Attention of several heads, then a network of two layers, each added to its normalized input. */
export const block = defineLayer({
  options: Schema.Struct({
    /** They divide the width of a token. */
    heads: withDefault(Size, 4),
    /** The inner layer is so many times as wide as a token. */
    expansion: withDefault(Size, 2),
    /** Share of the values of each branch that training drops. */
    dropout: withDefault(Schema.Finite, 0),
  }),
  weights: ({ expansion }, [[, width]]) => ({
    scale1: { shape: [width], initializer: { kind: "ones" } },
    offset1: { shape: [width] },
    attention_kernel: { shape: [width, 3 * width] },
    attentionBias: { shape: [3 * width] },
    output_kernel: { shape: [width, width] },
    outputBias: { shape: [width] },
    scale2: { shape: [width], initializer: { kind: "ones" } },
    offset2: { shape: [width] },
    inner_kernel: { shape: [width, expansion * width] },
    innerBias: { shape: [expansion * width] },
    outer_kernel: { shape: [expansion * width, width] },
    outerBias: { shape: [width] },
  }),
  masks: ({ dropout }, [shape]) => ({
    attention: { shape, rate: dropout },
    network: { shape, rate: dropout },
  }),
  call: ({ input, masks, options, weights }) => {
    const [, tokens, width] = input.shape
    const { heads } = options
    const dropped = (x: tf.Tensor, mask: tf.Tensor | undefined) => (mask === undefined ? x : tf.mul(x, mask))
    const normal = normalize(input, weights.scale1, weights.offset1)
    // [3, batch, heads, tokens, width / heads]
    const parts = tf.transpose(
      tf.reshape(each(normal, weights.attention_kernel, weights.attentionBias), [
        -1,
        tokens,
        3,
        heads,
        width / heads,
      ]),
      [2, 0, 3, 1, 4],
    )
    const [query, key, value] = tf.unstack(parts)
    const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(width / heads))
    const attended = tf.transpose(tf.matMul(tf.softmax(scores), value), [0, 2, 1, 3])
    const mixed = each(tf.reshape(attended, [-1, tokens, width]), weights.output_kernel, weights.outputBias)
    const seen = tf.add(input, dropped(mixed, masks?.attention))
    const inner = tf.relu(
      each(normalize(seen, weights.scale2, weights.offset2), weights.inner_kernel, weights.innerBias),
    )
    return tf.add(seen, dropped(each(inner, weights.outer_kernel, weights.outerBias), masks?.network))
  },
})

/** [tokens, width] -> [width]: the mean of the normalized tokens. */
export const tokenMean = defineLayer({
  weights: (_options, [[, width]]) => ({
    scale: { shape: [width], initializer: { kind: "ones" } },
    offset: { shape: [width] },
  }),
  call: ({ input, weights }) => tf.mean(normalize(input, weights.scale, weights.offset), 1),
})
