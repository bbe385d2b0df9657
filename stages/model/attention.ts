/**
 * Multi-head attention: (query, value, key) -> the positions of the query, each a mix of all values.
 *
 * Vaswani et al., Attention is all you need (2017), with the weights and the order of operations of Keras, without its masks,
 * attention_axes and output_shape. All axes between the batch and the last one are positions. TensorFlow.js has no such layer, so its saved models cannot hold it.
 */
import * as tf from "@tensorflow/tfjs-core"
import { initializers, layers } from "@tensorflow/tfjs-layers"
import { attended, positionsOf, type Shape } from "../../schemas/experiment/layerShape.ts"

interface Options {
  readonly numHeads: number
  readonly keyDim: number
  readonly valueDim?: number
  readonly dropout: number
  readonly useBias: boolean
}

/** [batch, ..., values] -> [batch, heads, positions, size], each position by the same kernel [values, heads, size]. */
const project = (x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | undefined) => {
  const [values, heads, size] = kernel.shape
  const positions = positionsOf(x.shape.slice(1))
  const product = tf.matMul(
    tf.reshape(x, [-1, values]) as tf.Tensor2D,
    tf.reshape(kernel, [values, heads * size]) as tf.Tensor2D,
  )
  const sum = bias === undefined ? product : tf.add(product, tf.reshape(bias, [heads * size]))
  return tf.transpose(tf.reshape(sum, [-1, positions, heads, size]), [0, 2, 1, 3])
}

/** The weights by the names of Keras, in its order. Biases follow their kernels. */
const parts = ["query", "key", "value", "attention_output"] as const

export class MultiHeadAttention extends layers.Layer {
  static className = "MultiHeadAttention"
  readonly #options: Options

  constructor(options: Options, name: string) {
    super({ name })
    this.#options = options
  }

  override build(given: unknown): void {
    const shapes = given as Shape | ReadonlyArray<Shape>
    const all = (Array.isArray(shapes[0]) ? shapes : [shapes]) as ReadonlyArray<Shape>
    const { key, query, value } = attended(all.map((shape) => shape[shape.length - 1]))
    const { keyDim, numHeads, useBias, valueDim = keyDim } = this.#options
    const kernels = {
      query: [query, numHeads, keyDim],
      key: [key, numHeads, keyDim],
      value: [value, numHeads, valueDim],
      attention_output: [numHeads, valueDim, query],
    }
    for (const part of parts) {
      const shape = kernels[part]
      this.addWeight(`${part}_kernel`, shape, "float32", initializers.zeros())
      const bias = part === "attention_output" ? shape.slice(2) : shape.slice(1)
      if (useBias) this.addWeight(`${part}_bias`, bias, "float32", initializers.zeros())
    }
    this.built = true
  }

  /** `mask`: of the scores, in training only. */
  applyWith(inputs: ReadonlyArray<tf.Tensor>, mask: tf.Tensor | undefined): tf.Tensor {
    return tf.tidy(() => {
      const { keyDim, numHeads, useBias, valueDim = keyDim } = this.#options
      const given = attended(inputs)
      const weights = this.weights.map((weight) => weight.read())
      const weightsOf = (at: number) =>
        useBias ? [weights[2 * at], weights[2 * at + 1]] : [weights[at], undefined]
      const [query, key, value] = (["query", "key", "value"] as const).map((part, at) => {
        const [kernel, bias] = weightsOf(at) as [tf.Tensor, tf.Tensor | undefined]
        return project(given[part], kernel, bias)
      })
      const scores = tf.softmax(tf.matMul(tf.mul(query, 1 / Math.sqrt(keyDim)), key, false, true))
      const mixed = tf.matMul(mask === undefined ? scores : tf.mul(scores, mask), value)
      const rows = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, numHeads * valueDim]) as tf.Tensor2D
      const [kernel, bias] = weightsOf(3) as [tf.Tensor, tf.Tensor | undefined]
      const width = kernel.shape[2] ?? 0
      const product = tf.matMul(rows, tf.reshape(kernel, [numHeads * valueDim, width]) as tf.Tensor2D)
      return tf.reshape(bias === undefined ? product : tf.add(product, bias), given.query.shape)
    })
  }

  override call(inputs: tf.Tensor | Array<tf.Tensor>): tf.Tensor {
    return this.applyWith(Array.isArray(inputs) ? inputs : [inputs], undefined)
  }

  override computeOutputShape(given: unknown): Array<number | null> {
    const shapes = given as Array<number | null> | ReadonlyArray<Array<number | null>>
    return (Array.isArray(shapes[0]) ? shapes[0] : shapes) as Array<number | null>
  }
}
