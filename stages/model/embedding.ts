/**
 * Learned vectors of pixel levels, and of positions: (options, name) -> layers.
 *
 * A level is one of `inputDim` equal parts of [0, 1], so 256 of them are the 256 pixel values. Pixels as tokens: Chen et al.,
 * Generative pretraining from pixels (2020). Positions: Dosovitskiy et al., An image is worth 16×16 words (2021).
 * TensorFlow.js has no class that computes either.
 */
import * as tf from "@tensorflow/tfjs-core"
import { initializers, layers } from "@tensorflow/tfjs-layers"

const only = (inputs: tf.Tensor | Array<tf.Tensor>) => (Array.isArray(inputs) ? inputs[0] : inputs)

/** Images [batch, height, width, channels] of values in [0, 1] -> [batch, height, width, channels · outputDim]. */
export class LevelEmbedding extends layers.Layer {
  static className = "LevelEmbedding"
  readonly #options: { readonly inputDim: number; readonly outputDim: number }

  constructor(options: { readonly inputDim: number; readonly outputDim: number }, name: string) {
    super({ name })
    this.#options = options
  }

  override build(): void {
    const { inputDim, outputDim } = this.#options
    this.addWeight("embeddings", [inputDim, outputDim], "float32", initializers.zeros())
    this.built = true
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    return tf.tidy(() => {
      const images = only(inputs)
      const { inputDim } = this.#options
      // White is 1, which belongs to the last level.
      const levels = tf.clipByValue(tf.floor(tf.mul(images, inputDim)), 0, inputDim - 1)
      const rows = tf.gather(this.weights[0].read(), tf.cast(tf.reshape(levels, [-1]), "int32"))
      return tf.reshape(rows, [-1, ...(this.computeOutputShape(images.shape) as Array<number>).slice(1)])
    })
  }

  override computeOutputShape(given: unknown): Array<number | null> {
    const [batch, height, width, channels] = given as ReadonlyArray<number | null>
    return [batch, height, width, (channels ?? 0) * this.#options.outputDim]
  }
}

/** Adds a learned value to each element of an example, the same in all examples. */
export class PositionEmbedding extends layers.Layer {
  static className = "PositionEmbedding"

  constructor(name: string) {
    super({ name })
  }

  override build(given: unknown): void {
    const shape = (given as ReadonlyArray<number>).slice(1)
    this.addWeight("embeddings", shape, "float32", initializers.zeros())
    this.built = true
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    return tf.add(only(inputs), this.weights[0].read())
  }

  override computeOutputShape<S>(inputShape: S): S {
    return inputShape
  }
}
