/**
 * Dropout whose noise is fed: the layer multiplies by it, `fillNoise` draws it.
 *
 * Srivastava et al., Dropout (2014), scaled while training. Noise is a pure function of (seed, layer, iteration, index):
 * TensorFlow.js' seeded dropout would repeat one mask for ever.
 */
import * as tf from "@tensorflow/tfjs-core"
import { layers } from "@tensorflow/tfjs-layers"
import { type RandomKey, randomKey, randomWords } from "../random.ts"

/** What draws the noise of one layer. */
export interface Noise {
  readonly layer: string
  /** The name of its feed. */
  readonly feed: string
  /** Of the layer's input, batch included. */
  readonly shape: ReadonlyArray<number>
  readonly rate: number
  readonly key: RandomKey
}

export const makeNoise = (
  layer: string,
  shape: ReadonlyArray<number>,
  rate: number,
  seed: number,
): Noise => ({
  layer,
  feed: `noise/${layer}`,
  shape,
  rate,
  key: randomKey(seed, `dropout/${layer}`),
})

/**
 * Fills `out` with the noise of one iteration: 0 with probability `rate`, else 1/(1-rate). Element i is the 16-bit draw
 * number iteration × size + i of the layer's stream; the rate is rounded to a 65,536th.
 */
export const fillNoise = (noise: Noise, iteration: number, out: Float32Array): void => {
  const size = out.length
  const threshold = Math.round(noise.rate * 65_536)
  const start = iteration * size
  // A block of two words is four halves.
  const firstBlock = Math.floor(start / 4)
  const blocks = Math.ceil((start + size) / 4) - firstBlock
  const words = new Uint32Array(2 * blocks)
  randomWords(noise.key, 2 * firstBlock, words)
  const halves = new Uint16Array(words.buffer)
  const skip = start - 4 * firstBlock
  // Looked up, not branched on: a processor cannot foresee noise, and each wrong guess costs 5 ns.
  const values = Float32Array.of(1 / (1 - noise.rate), 0)
  for (let i = 0; i < size; i++) out[i] = values[(halves[skip + i] - threshold) >>> 31]
}

/** Named as TensorFlow.js' own, so that a saved model loads anywhere: dropout does nothing there but in training. */
export class FedDropout extends layers.Layer {
  static className = "Dropout"
  readonly #rate: number
  #noise: tf.Tensor | undefined

  constructor(options: { readonly name: string; readonly rate: number }) {
    super({ name: options.name })
    this.#rate = options.rate
  }

  /** Applies the layer with this noise; without noise it passes its input on. */
  applyWith(input: tf.Tensor, noise: tf.Tensor | undefined): tf.Tensor {
    this.#noise = noise
    try {
      return this.apply(input) as tf.Tensor
    } finally {
      this.#noise = undefined
    }
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    const input = Array.isArray(inputs) ? inputs[0] : inputs
    return this.#noise === undefined ? tf.clone(input) : tf.mul(input, this.#noise)
  }

  override computeOutputShape<S>(inputShape: S): S {
    return inputShape
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), rate: this.#rate }
  }
}
