/** Embeddings of pixel levels and of positions: outputs and gradients are those of plain loops. */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import { unitValues } from "../../../engines/bytes.ts"
import { LevelEmbedding, PositionEmbedding } from "../../../stages/model/embedding.ts"

useCpuBackend()

/** The output of a layer with these weights, and the gradient of the sum of output times `factors`. */
const run = (
  layer: LevelEmbedding | PositionEmbedding,
  images: tf.Tensor,
  weights: tf.Tensor,
  factors: ReadonlyArray<number>,
) =>
  tf.tidy(() => {
    layer.apply(images)
    layer.setWeights([weights])
    const output = layer.apply(images) as tf.Tensor
    const variable = layer.weights[0].read() as tf.Variable
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.mul(layer.apply(images) as tf.Tensor, tf.tensor([...factors], output.shape))),
      [variable],
    )
    return { output: output.arraySync(), gradient: Object.values(grads)[0].arraySync() }
  })

describe("an embedding of pixel levels", () => {
  it("has a vector for each of equal parts of the range from 0 to 1, channels joined, and adds up its gradient", () => {
    const images = tf.tensor4d([0, 0.24, 0.25, 0.99, 1, 0.5], [1, 1, 3, 2])
    const vectors = tf.tensor2d([0, 1, 10, 11, 20, 21, 30, 31], [4, 2])
    const layer = new LevelEmbedding({ inputDim: 4, outputDim: 2 }, "levels")
    const factors = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    const { gradient, output } = run(layer, images, vectors, factors)
    assert.deepStrictEqual(output as unknown, [
      [
        [
          [0, 1, 0, 1],
          [10, 11, 30, 31],
          [30, 31, 20, 21],
        ],
      ],
    ])
    assert.deepStrictEqual(gradient as unknown, [
      [1 + 3, 2 + 4],
      [5, 6],
      [11, 12],
      [7 + 9, 8 + 10],
    ])
  })

  it("has the 256 pixel values as its levels if there are 256", () => {
    const images = tf.tensor4d(Float32Array.from(unitValues), [1, 16, 16, 1])
    const numbers = tf.tensor2d(
      Float32Array.from({ length: 256 }, (_, i) => i),
      [256, 1],
    )
    const layer = new LevelEmbedding({ inputDim: 256, outputDim: 1 }, "pixels")
    const { output } = run(
      layer,
      images,
      numbers,
      Array.from({ length: 256 }, () => 1),
    )
    assert.deepStrictEqual(
      (output as Array<unknown>).flat(3),
      Array.from({ length: 256 }, (_, i) => i),
    )
  })
})

describe("an embedding of positions", () => {
  it("adds the same value to an element of every example, and adds up its gradient over them", () => {
    const images = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])
    const values = tf.tensor2d([10, 20, 30, 40], [2, 2])
    const factors = [1, 2, 3, 4, 5, 6, 7, 8]
    const { gradient, output } = run(new PositionEmbedding("positions"), images, values, factors)
    assert.deepStrictEqual((output as Array<unknown>).flat(2), [11, 22, 33, 44, 15, 26, 37, 48])
    assert.deepStrictEqual(gradient as unknown, [
      [6, 8],
      [10, 12],
    ])
  })
})
