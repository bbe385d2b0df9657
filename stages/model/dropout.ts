/**
 * Dropout with masks that are fed: `fillDropoutMask` draws a mask, the layer multiplies its input by it.
 *
 * Srivastava et al., Dropout (2014), scaled during training. A mask is a pure function of (seed, layer, iteration,
 * index): the seeded dropout of TensorFlow.js would repeat one mask for ever.
 */
import * as tf from "@tensorflow/tfjs-core"
import { layers } from "@tensorflow/tfjs-layers"
import { type RandomKey, randomKey, randomWords } from "../random.ts"

/** What the masks of one dropout layer are drawn from. */
export interface DropoutMask {
  readonly layer: string
  /** The name of its feed. */
  readonly feed: string
  /** Of the layer's input, batch included. */
  readonly shape: ReadonlyArray<number>
  readonly rate: number
  readonly key: RandomKey
}

/** No layer but this one has names that begin like this, and it has no weights. */
export const maskFeed = (layer: string): string => `${layer}/mask`

export const makeDropoutMask = (
  layer: string,
  shape: ReadonlyArray<number>,
  rate: number,
  seed: number,
): DropoutMask => ({
  layer,
  feed: maskFeed(layer),
  shape,
  rate,
  key: randomKey(seed, `dropout/${layer}`),
})

/**
 * Fills `out` with the mask of one iteration: 0 with probability `rate`, else 1/(1-rate). Element i is the 16-bit draw
 * number iteration × size + i of the layer's stream; the rate is rounded to a 65,536th.
 */
export const fillDropoutMask = (mask: DropoutMask, iteration: number, out: Float32Array): void => {
  const size = out.length
  const threshold = Math.round(mask.rate * 65_536)
  const start = iteration * size
  // A block of two words is four halves.
  const firstBlock = Math.floor(start / 4)
  const blocks = Math.ceil((start + size) / 4) - firstBlock
  const words = new Uint32Array(2 * blocks)
  randomWords(mask.key, 2 * firstBlock, words)
  const halves = new Uint16Array(words.buffer)
  const skip = start - 4 * firstBlock
  // A table, not a branch: a processor cannot predict random bits, and each wrong prediction costs 5 ns.
  const values = Float32Array.of(1 / (1 - mask.rate), 0)
  for (let i = 0; i < size; i++) out[i] = values[(halves[skip + i] - threshold) >>> 31]
}

type NoiseShape = ReadonlyArray<number | null>

/** One value for every channel of an image: Tompson et al., Efficient object localization using convolutional networks (2015). */
export const spatialNoise: NoiseShape = [null, 1, 1, null]

/**
 * Has the class name of TensorFlow.js' own layer, so that a saved model loads anywhere: dropout changes nothing
 * except in training.
 */
export class FedDropout extends layers.Layer {
  static className = "Dropout"
  readonly #rate: number
  readonly #noiseShape: NoiseShape | undefined
  #mask: tf.Tensor | undefined

  /** `noiseShape`: sizes of a mask with the batch, null for those of the input. */
  constructor(options: { readonly name: string; readonly rate: number; readonly noiseShape?: NoiseShape }) {
    super({ name: options.name })
    this.#rate = options.rate
    this.#noiseShape = options.noiseShape
  }

  /** Applies the layer with this mask; without one it returns its input. */
  applyWith(input: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
    this.#mask = mask
    try {
      return this.apply(input) as tf.Tensor
    } finally {
      this.#mask = undefined
    }
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    const input = Array.isArray(inputs) ? inputs[0] : inputs
    return this.#mask === undefined ? tf.clone(input) : tf.mul(input, this.#mask)
  }

  override computeOutputShape<S>(inputShape: S): S {
    return inputShape
  }

  override getConfig(): tf.serialization.ConfigDict {
    const config = { ...super.getConfig(), rate: this.#rate }
    return this.#noiseShape === undefined ? config : { ...config, noiseShape: [...this.#noiseShape] }
  }
}
