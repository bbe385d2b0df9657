/** Our normalization layers compared with those of tf.layers: outputs, gradients and moving statistics. */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import * as tfl from "@tensorflow/tfjs-layers"
import { useCpuBackend } from "../../../engines/trace/cpuBackend.ts"
import { batchNormalization, layerNormalization } from "../../../stages/model/normalization.ts"

useCpuBackend()

const waves = (shape: ReadonlyArray<number>, phase: number) =>
  tf.tensor(
    Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      (_, i) => 2 * Math.sin(i * 12.9898 + phase) + 0.5,
    ),
    [...shape],
  )

/** All that a training step and a prediction compute with a layer. */
const behaviourOf = (layer: tfl.layers.Layer, shape: ReadonlyArray<number>) => {
  layer.apply(tfl.input({ shape: shape.slice(1) }))
  const channels = shape.slice(-1)
  layer.setWeights(layer.weights.map((_, i) => tf.add(tf.abs(waves(channels, i)), 0.5)))
  const x = tf.variable(waves(shape, 5))
  const weights = layer.trainableWeights.map((weight) => weight.read() as tf.Variable)
  const { grads, value } = tf.variableGrads(
    () => tf.sum(tf.mul(layer.apply(x, { training: true }) as tf.Tensor, waves(shape, 9))) as tf.Scalar,
    [x, ...weights],
  )
  return {
    loss: value,
    dx: grads[x.name],
    ...Object.fromEntries(weights.map((weight, i) => [`dweight${i}`, grads[weight.name]])),
    ...Object.fromEntries(layer.weights.map((weight, i) => [`weight${i}`, weight.read()])),
    prediction: layer.apply(x) as tf.Tensor,
  }
}

const assertSame = (ours: tfl.layers.Layer, theirs: tfl.layers.Layer, shape: ReadonlyArray<number>) => {
  const expected = behaviourOf(theirs, shape)
  const actual = behaviourOf(ours, shape)
  assert.deepStrictEqual(Object.keys(actual), Object.keys(expected))
  for (const [part, tensor] of Object.entries<tf.Tensor>(actual)) {
    const wanted = (expected as Record<string, tf.Tensor>)[part]
    assert.deepStrictEqual(tensor.shape, wanted.shape, part)
    const values = wanted.dataSync()
    tensor.dataSync().forEach((value, i) => assert.closeTo(value, values[i], 3e-5, part))
  }
}

describe("normalization computes the same as TensorFlow.js", () => {
  for (const shape of [
    [3, 2, 4, 5],
    [6, 3],
  ]) {
    it(`over a batch of shape [${shape.join()}]`, () => {
      const options = { epsilon: 0.01, momentum: 0.7, center: true, scale: true }
      assertSame(batchNormalization(options, "ours"), tfl.layers.batchNormalization(options), shape)
    })

    it(`over the layers of shape [${shape.join()}]`, () => {
      const options = { epsilon: 0.01, center: true, scale: true }
      assertSame(layerNormalization(options, "ours"), tfl.layers.layerNormalization(options), shape)
    })

    // TensorFlow.js cannot train these.
    it(`over the layers of shape [${shape.join()}] without scale and center, in prediction`, () => {
      const options = { epsilon: 0.01, center: false, scale: false }
      const [ours, theirs] = [
        layerNormalization(options, "ours"),
        tfl.layers.layerNormalization(options),
      ].map((layer) => (layer.apply(waves(shape, 3)) as tf.Tensor).dataSync())
      ours.forEach((value, i) => assert.closeTo(value, theirs[i], 1e-5))
    })
  }
})
