/**
 * Batch and layer normalization: (options, name) -> a layer of tf.layers.
 *
 * Weights and the saved configuration are those of TensorFlow.js. The computation is ours, with an explicit gradient: the
 * gradient that TensorFlow.js derives takes twice as many passes over the images, and for layer normalization one slice for
 * every pixel.
 * Ioffe and Szegedy, Batch normalization (2015); Ba, Kiros and Hinton, Layer normalization (2016).
 */
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { sizeOf } from "../../engines/trace/graph.ts"
import { groupsOf } from "../../schemas/experiment/layerShape.ts"

interface Options {
  readonly epsilon: number
  readonly center: boolean
  readonly scale: boolean
}
type Call = (inputs: tf.Tensor | Array<tf.Tensor>, kwargs: { readonly training?: boolean }) => tf.Tensor

const only = (inputs: tf.Tensor | Array<tf.Tensor>) => (Array.isArray(inputs) ? inputs[0] : inputs)

/** Mean and variance over `axes`, which are kept with size 1. */
const momentsOf = (x: tf.Tensor, axes: Array<number>) => {
  const mean = tf.mean(x, axes, true)
  const centred = tf.sub(x, mean)
  return { mean, centred, variance: tf.mean(tf.square(centred), axes, true) }
}

/**
 * c·s with c = x - mean, r = 1/sqrt(variance + ε) and s = γ·r; γ is constant along `axes`. Its gradient:
 * dx = dy·s - (Σdy·s + c·s·r²·Σ(dy·c))/N and dγ = r·Σ(dy·c), with sums over the N elements along `axes`.
 */
const normalize = (x: tf.Tensor, gamma: tf.Tensor | undefined, axes: Array<number>, epsilon: number) =>
  tf.customGrad((...given: Array<tf.Tensor | tf.GradSaveFunc>) => {
    const save = given[given.length - 1] as tf.GradSaveFunc
    const { centred, variance } = momentsOf(x, axes)
    const rate = tf.rsqrt(tf.add(variance, epsilon))
    const scale = gamma === undefined ? rate : tf.mul(rate, gamma)
    save([centred, rate, scale])
    const share = 1 / axes.reduce((count, axis) => count * x.shape[axis], 1)
    const gradFunc = (dy: tf.Tensor, saved: Array<tf.Tensor>) => {
      const [centred, rate, scale] = saved
      // Written in the same way as the gradient of β, so that an engine computes the sum once.
      const sum = tf.reshape(tf.sum(dy, axes), rate.shape)
      const product = tf.sum(tf.mul(dy, centred), axes, true)
      const slope = tf.mul(tf.mul(tf.mul(scale, tf.square(rate)), product), share)
      const shift = tf.mul(tf.mul(scale, sum), share)
      const dx = tf.sub(tf.sub(tf.mul(dy, scale), tf.mul(centred, slope)), shift)
      return gamma === undefined ? [dx] : [dx, tf.reshape(tf.mul(rate, product), gamma.shape)]
    }
    return { value: tf.mul(centred, scale), gradFunc }
  })(...(gamma === undefined ? [x] : [x, gamma]))

/**
 * Over all axes except the last. Uses the statistics of the batch in training and moving ones in prediction, as Keras
 * does.
 */
export const batchNormalization = (
  options: Options & { readonly momentum: number },
  name: string,
): tfl.layers.Layer => {
  const { center, epsilon, momentum, scale } = options
  const layer = tfl.layers.batchNormalization({ name, center, epsilon, momentum, scale })
  const call: Call = (inputs, { training = false }) =>
    tf.tidy(() => {
      const x = only(inputs)
      const axes = x.shape.slice(1).map((_, axis) => axis)
      const gamma = scale ? layer.weights[0].read() : undefined
      const beta = center ? layer.weights[scale ? 1 : 0].read() : undefined
      const [movingMean, movingVariance] = layer.weights.slice(-2)
      if (!training) {
        const rate = tf.rsqrt(tf.add(movingVariance.read(), epsilon))
        const factor = gamma === undefined ? rate : tf.mul(rate, gamma)
        const shift = tf.neg(tf.mul(movingMean.read(), factor))
        return tf.add(tf.mul(x, factor), beta === undefined ? shift : tf.add(shift, beta))
      }
      const { mean, variance } = momentsOf(x, axes)
      for (const [moving, now] of [
        [movingMean, mean],
        [movingVariance, variance],
      ] as const) {
        const before = moving.read()
        moving.write(
          tf.sub(before, tf.mul(tf.sub(before, tf.reshape(now, before.shape)), 1 - momentum)) as tf.Variable,
        )
      }
      const normal = normalize(x, gamma, axes, epsilon)
      return beta === undefined ? normal : tf.add(normal, beta)
    })
  return Object.assign(layer, { call })
}

/**
 * Over all positions and the channels of a group: Wu and He, Group normalization (2018). TensorFlow.js has no such layer, so its
 * saved models cannot hold it.
 */
export class GroupNormalization extends tfl.layers.Layer {
  static className = "GroupNormalization"
  readonly #options: Options & { readonly groups: number }

  constructor(options: Options & { readonly groups: number }, name: string) {
    super({ name })
    this.#options = options
  }

  override build(given: unknown): void {
    const shape = [(given as ReadonlyArray<number>).at(-1) ?? 0]
    const { center, scale } = this.#options
    if (scale) this.addWeight("gamma", shape, "float32", tfl.initializers.ones())
    if (center) this.addWeight("beta", shape, "float32", tfl.initializers.zeros())
    this.built = true
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const x = only(inputs)
      const { center, epsilon, scale } = this.#options
      const channels = x.shape[x.shape.length - 1]
      const groups = groupsOf(this.#options.groups, x.shape)
      const positions = sizeOf(x.shape.slice(1, -1))
      const apart = tf.reshape(x, [-1, positions, groups, channels / groups])
      const normal = tf.reshape(normalize(apart, undefined, [1, 3], epsilon), x.shape)
      const weights = this.weights.map((weight) => weight.read())
      const scaled = scale ? tf.mul(normal, weights[0]) : normal
      return center ? tf.add(scaled, weights[weights.length - 1]) : scaled
    })
  }

  override computeOutputShape<S>(inputShape: S): S {
    return inputShape
  }
}

/** Over the last axis. */
export const layerNormalization = ({ center, epsilon, scale }: Options, name: string): tfl.layers.Layer => {
  const layer = tfl.layers.layerNormalization({ name, center, epsilon, scale })
  const call: Call = (inputs) =>
    tf.tidy(() => {
      const x = only(inputs)
      const weights = layer.weights.map((weight) => weight.read())
      const normal = normalize(x, undefined, [x.shape.length - 1], epsilon)
      const scaled = scale ? tf.mul(normal, weights[0]) : normal
      return center ? tf.add(scaled, weights[weights.length - 1]) : scaled
    })
  return Object.assign(layer, { call })
}
