/** A graph model of TensorFlow.js computes what the function computes that it was traced from, for any batch size. */
import { assert, describe, it } from "@effect/vitest"
import { loadGraphModel } from "@tensorflow/tfjs-converter"
import * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import type { Standalone } from "../../engines/standalone.ts"
import { encodeGraphModel } from "../../engines/tensorflow/graphModel.ts"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import { takeOver } from "../../stages/model/variables.ts"

useCpuBackend()

const waves = (size: number, phase: number) =>
  Float32Array.from({ length: size }, (_, i) => 0.5 * Math.sin(i * 12.9898 + phase))

type Run = (x: tf.Tensor4D, w: tf.Tensor) => tf.Tensor

const numbers = (x: tf.Tensor) =>
  tf.cast(tf.mul(tf.abs(tf.slice(x, [0, 0, 0, 0], [-1, 4, 4, 1])), 5), "int32")
const sequence = (x: tf.Tensor) => tf.reshape(x, [-1, 16, 3])

/** (images [n, 4, 4, 3], w [3, 4]) -> values, the batch first. */
const cases: Readonly<Record<string, Run>> = {
  "arithmetic on elements": (x) =>
    tf.pow(tf.div(tf.add(tf.maximum(x, 0.1), 2), tf.sub(3, tf.minimum(x, 0.2))), 1.5),
  comparisons: (x) => {
    const near = tf.logicalOr(tf.greater(x, 0.4), tf.logicalAnd(tf.lessEqual(x, 0), tf.greaterEqual(x, -0.2)))
    const other = tf.logicalNot(tf.less(x, tf.reverse(x, 1)))
    return tf.where(tf.equal(tf.cast(near, "int32"), 1), tf.cast(other, "float32"), x)
  },
  "functions of elements": (x) =>
    tf.stack(
      [
        tf.relu(x),
        tf.exp(x),
        tf.log(tf.add(x, 1)),
        tf.sqrt(tf.abs(x)),
        tf.neg(x),
        tf.erf(x),
        tf.sigmoid(x),
        tf.tanh(x),
        tf.softplus(x),
        tf.elu(x),
        tf.selu(x),
        tf.sign(x),
        tf.floor(tf.mul(x, 3)),
        tf.sin(x),
        tf.cos(x),
        tf.reciprocal(tf.add(x, 1)),
        tf.leakyRelu(x, 0.1),
        tf.step(x, 0.25),
      ],
      -1,
    ),
  "a product with a step": (x) => tf.mul(tf.step(x), tf.add(x, 1)),
  softmax: (x) => tf.softmax(x),
  "products of matrices": (x, w) =>
    tf.add(tf.matMul(tf.reshape(x, [-1, 3]), w as tf.Tensor2D), tf.mean(w, 0)),
  "batched products": (x) => tf.matMul(sequence(x), sequence(tf.relu(x)), false, true),
  arrangement: (x) => {
    const [a, b] = tf.split(tf.transpose(x, [0, 2, 3, 1]), 2, -1)
    const padded = tf.pad(
      tf.concat([a, b, a], 1),
      [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ],
      0.5,
    )
    return tf.tile(tf.reverse(padded, 2), [1, 1, 2, 1])
  },
  "an embedding": (x, w) => tf.gather(w, tf.reshape(numbers(x), [-1, 16])),
  reductions: (x) =>
    tf.stack(
      [
        tf.sum(x, [1, 2]),
        tf.mean(x, [1, 2]),
        tf.max(x, [1, 2]),
        tf.min(x, [1, 2]),
        tf.prod(tf.reshape(x, [-1, 16, 3]), 1),
      ],
      1,
    ),
  "the largest element's place": (x) => tf.cast(tf.argMax(x, 2), "float32"),
  convolutions: (x, w) =>
    tf.relu(
      tf.conv2d(
        tf.conv2d(x, tf.reshape(tf.concat([w, w, w, w]), [2, 2, 3, 4]), 2, "same"),
        tf.reshape(w, [1, 1, 4, 3]),
        1,
        1,
      ),
    ),
  "a convolution with edges that have no name": (x, w) =>
    tf.conv2d(x, tf.reshape(tf.concat([w, w, w, w]), [2, 2, 3, 4]), 1, [
      [0, 0],
      [2, 1],
      [0, 1],
      [0, 0],
    ]),
  "a depthwise convolution": (x, w) =>
    tf.depthwiseConv2d(x, tf.reshape(tf.slice(w, [0, 0], [3, 4]), [2, 2, 3, 1]), 1, "same"),
  pooling: (x) => tf.concat([tf.maxPool(x, 3, 2, "same"), tf.avgPool(x, 2, 2, "valid")], -1),
  "images of another size": (x) =>
    tf.concat([tf.image.resizeNearestNeighbor(x, [8, 8]), tf.image.resizeBilinear(x, [8, 8])], -1),
}

/** `run`, as a network with one weight, that ends in a row of outputs for each image. */
const standaloneOf = (run: Run) => {
  const values = waves(12, 1)
  const w = takeOver(tf.variable(tf.tensor2d(values, [3, 4]), true, "tidemark/graphModel/w"), "w")
  const probabilities = (images: tf.Tensor4D) =>
    tf.tidy(() => {
      const output = run(images, w)
      return tf.reshape(output, [images.shape[0], output.size / images.shape[0]]) as tf.Tensor2D
    })
  const classes = tf.tidy(() => probabilities(tf.zeros([1, 4, 4, 3])).shape[1])
  const tensor = { name: "layer/w", shape: [3, 4], data: values }
  return {
    inputShape: [4, 4, 3],
    classes,
    variables: [w],
    probabilities,
    weights: [{ tensor, variable: "w" }],
  } satisfies Standalone
}

const load = ({ modelTopology, signature, weightData, weightSpecs }: Encoded) =>
  Effect.promise(() =>
    loadGraphModel(
      tf.io.fromMemory({
        // As it is read from a file.
        ...JSON.parse(JSON.stringify({ modelTopology, signature, weightSpecs })),
        weightData: Uint8Array.from(weightData).buffer,
      }),
    ),
  )
type Encoded = Effect.Success<ReturnType<typeof encodeGraphModel>>

describe("a graph model", () => {
  for (const [name, run] of Object.entries(cases)) {
    it.effect(`computes ${name}`, () =>
      Effect.gen(function* () {
        const network = standaloneOf(run)
        const loaded = yield* load(yield* encodeGraphModel(network))
        for (const count of [1, 5]) {
          const images = tf.tensor4d(waves(count * 48, 2), [count, 4, 4, 3])
          const expected = network.probabilities(images)
          const actual = loaded.predict(images) as tf.Tensor
          assert.deepStrictEqual(actual.shape, expected.shape)
          const [found, wanted] = [actual.dataSync(), expected.dataSync()]
          for (let i = 0; i < wanted.length; i++) assert.closeTo(found[i], wanted[i], 1e-5)
        }
        loaded.dispose()
      }),
    )
  }

  const refused: Readonly<Record<string, readonly [run: Run, problem: string]>> = {
    "with a constant for each example": [
      (x) => tf.concat([x, tf.ones(x.shape)], -1),
      "a constant of its graph has the size of the batch",
    ],
    "that repeats what it computes for each example": [
      (x, w) => tf.add(tf.reshape(x, [-1, 12, 4]), tf.tile(tf.reshape(w, [1, 3, 4]), [x.shape[0], 4, 1])),
      "it repeats a value for each example of the batch",
    ],
    "that takes some of the examples": [
      (x) => {
        const both = tf.concat([x, tf.relu(x)], 0)
        return tf.slice(both, [x.shape[0], 0, 0, 0], x.shape)
      },
      "it takes some examples of the batch",
    ],
    "whose pooling has edges of its own": [
      (x) => tf.maxPool(x, 2, 1, 1),
      "pooling has padding that is neither valid nor same",
    ],
  }
  for (const [name, [run, problem]] of Object.entries(refused)) {
    it.effect(`cannot hold a network ${name}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(encodeGraphModel(standaloneOf(run)))
        assert.strictEqual(error._tag, "ExportImpossible")
        assert.match(error.message, /^cannot export to tfjs-graph-model: /)
        assert.include(error.message, problem)
      }),
    )
  }
})
