/**
 * Operations that own code uses and no built-in layer does: every engine computes what the reference computes, and the
 * reference's gradients are those of finite differences.
 */
import { assert, describe, it } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import { Engine, type Program } from "../../engines/Engine.ts"
import * as Reference from "../../engines/reference.ts"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import { alongAxis } from "../../schemas/ownCode/alongAxis.ts"
import { takeOver } from "../../stages/model/variables.ts"
import { enginesUnderTest } from "./engines.ts"
import { relativeError } from "./training.ts"

useCpuBackend()

const { logSoftmax, softmax } = alongAxis(tf)

const batch = 2
const rate = 0.1

interface Case {
  /** Of the weight w. */
  readonly shape: ReadonlyArray<number>
  /** (w, images [2, 4, 4, 3]) -> values; the first axis is the batch. */
  readonly run: (w: tf.Tensor, x: tf.Tensor4D) => tf.Tensor
}

const waves = (size: number, phase: number) =>
  Float32Array.from({ length: size }, (_, i) => 0.5 * Math.sin(i * 12.9898 + phase))

const images = waves(batch * 4 * 4 * 3, 2)

/** [2, 16, 3]: pixels as a sequence. */
const sequence = (x: tf.Tensor) => tf.reshape(x, [-1, 16, 3])
const pixelNumbers = (x: tf.Tensor) =>
  tf.cast(tf.mul(tf.abs(tf.slice(x, [0, 0, 0, 0], [-1, 4, 4, 1])), 9), "int32")

const columns = tf.tensor1d([0, 3, 1], "int32")

const cases: Readonly<Record<string, Case>> = {
  "a mean of whole numbers": {
    shape: [3],
    run: (w, x) => tf.mul(tf.mul(x, w), tf.reshape(tf.mean(tf.argMax(x, 3), [1, 2]), [batch, 1, 1, 1])),
  },
  "a mean of booleans over the batch": {
    shape: [3],
    run: (w, x) => tf.mul(tf.mul(x, w), tf.mean(tf.greater(x, 0.1), 0, true)),
  },
  "a batched product": { shape: [2, 3, 5], run: (w, x) => tf.matMul(sequence(x), w) },
  "a batched product with the first factor transposed": {
    shape: [2, 16, 5],
    run: (w, x) => tf.matMul(sequence(x), w, true),
  },
  "a batched product with the second factor transposed": {
    shape: [2, 5, 3],
    run: (w, x) => tf.matMul(sequence(x), w, false, true),
  },
  "attention with two heads": {
    shape: [3, 12],
    run: (w, x) => {
      const tokens = tf.reshape(tf.matMul(tf.reshape(x, [-1, 3]), w as tf.Tensor2D), [-1, 16, 3, 2, 2])
      const [query, key, value] = tf.unstack(tf.transpose(tokens, [2, 0, 3, 1, 4]))
      const scores = tf.softmax(tf.mul(tf.matMul(query, key, false, true), 0.7))
      return tf.transpose(tf.matMul(scores, value), [0, 2, 1, 3])
    },
  },
  "softmax along an inner axis": {
    shape: [3],
    run: (w, x) => tf.mul(softmax(tf.mul(w, x), 1), x),
  },
  "the logarithm of softmax along an axis that is counted from the end": {
    shape: [3],
    run: (w, x) => logSoftmax(tf.mul(w, x), -2),
  },
  "an einsum of matrices": {
    shape: [3, 5],
    run: (w, x) => tf.einsum("bhwc,ck->bkwh", x, w),
  },
  "an einsum by batch, such as scores of attention": {
    shape: [2, 4, 2, 3],
    run: (w, x) => tf.einsum("bqhd,bkhd->bhqk", tf.reshape(x, [2, 8, 2, 3]), w),
  },
  "an einsum without a sum": { shape: [3], run: (w, x) => tf.einsum("bij,k->kbji", tf.mean(x, 3), w) },
  "an einsum with sums of one operand": {
    shape: [4, 6, 3],
    run: (w, x) => tf.einsum("bhwc, hkc -> bw", x, w),
  },
  "an einsum of one operand": {
    shape: [2, 4, 4, 3],
    run: (w, x) => tf.square(tf.einsum("bhwc->cb", tf.mul(w, x))),
  },
  "an einsum that gives one number": {
    shape: [4, 3],
    run: (w, x) => tf.mul(tf.einsum("wc,wc->", w, tf.mean(x, [0, 1])), x),
  },
  "layer normalization": {
    shape: [3],
    run: (w, x) => {
      const { mean, variance } = tf.moments(x, -1, true)
      return tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-3))), w)
    },
  },
  "an embedding": {
    shape: [6, 4],
    run: (w, x) => tf.gather(w, tf.reshape(pixelNumbers(x), [-1, 16])),
  },
  padding: {
    shape: [2, 4, 4, 3],
    run: (w, x) =>
      tf.pad(
        tf.mul(w, x),
        [
          [0, 0],
          [1, 2],
          [0, 1],
          [0, 0],
        ],
        0.5,
      ),
  },
  slices: { shape: [2, 4, 4, 3], run: (w, x) => tf.slice(tf.mul(w, x), [0, 1, 0, 1], [2, 2, 4, 2]) },
  "splits and stacks": {
    shape: [2, 4, 4, 3],
    run: (w, x) => {
      const [a, b] = tf.split(tf.mul(w, x), 2, 1)
      return tf.stack([tf.mul(a, b), tf.sub(a, b)], 2)
    },
  },
  "a stack along the last axis, counted from the end": {
    shape: [2, 4, 4, 3],
    run: (w, x) => tf.stack([tf.mul(w, x), x, w], -1),
  },
  "stacks along other axes, counted from the end": {
    shape: [2, 4, 4, 3],
    run: (w, x) => tf.add(tf.stack([tf.mul(w, x), x], -2), tf.stack([tf.mul(w, w), x], -2)),
  },
  "parts along axes that are counted from the end": {
    shape: [2, 4, 4, 3],
    run: (w, x) => {
      const [a, b] = tf.split(tf.mul(w, x), [1, 3], -3)
      const rows = tf.unstack(tf.concat([b, a], -3), -3)
      return tf.concat(
        [tf.mul(rows[0], rows[1]), tf.reverse(rows[2], -2), tf.squeeze(tf.expandDims(rows[3], -4), [0])],
        -1,
      )
    },
  },
  "columns by number, counted from the end": {
    shape: [2, 4, 4, 3],
    run: (w, x) => tf.gather(tf.mul(w, x), columns, -2),
  },
  "reductions along axes that are counted from the end": {
    shape: [2, 4, 4, 3],
    run: (w, x) => {
      const product = tf.mul(w, x)
      const largest = tf.add(tf.max(x, -1), tf.min(x, -1))
      return tf.add(
        tf.mul(tf.sum(product, -2), tf.mean(product, -3)),
        tf.transpose(tf.sum(largest, -2, true), [0, 2, 1]),
      )
    },
  },
  "a tile": { shape: [1, 4, 4, 1], run: (w, x) => tf.mul(tf.tile(w, [2, 1, 1, 3]), x) },
  "a reversal": { shape: [2, 4, 4, 3], run: (w, x) => tf.mul(tf.reverse(tf.mul(w, x), [1, 2]), x) },
  "up-sampling": {
    shape: [2, 4, 4, 3],
    run: (w, x) => tf.square(tf.image.resizeNearestNeighbor(tf.mul<tf.Tensor4D>(w, x), [8, 12])),
  },
  "bilinear resizing": {
    shape: [2, 4, 4, 3],
    run: (w, x) => tf.square(tf.image.resizeBilinear(tf.mul<tf.Tensor4D>(w, x), [7, 3])),
  },
  "bilinear resizing of images that are not square": {
    shape: [2, 2, 4, 3],
    run: (w, x) =>
      tf.image.resizeBilinear(tf.mul<tf.Tensor4D>(w, tf.slice(x, [0, 1, 0, 0], [-1, 2, 4, 3])), [5, 6]),
  },
  "bilinear resizing with aligned corners": {
    shape: [2, 4, 4, 3],
    run: (w, x) => tf.square(tf.image.resizeBilinear(tf.mul<tf.Tensor4D>(w, x), [7, 9], true)),
  },
  "a convolution in one dimension": {
    shape: [3, 3, 4],
    run: (w, x) => tf.conv1d(sequence(x) as tf.Tensor3D, w as tf.Tensor3D, 1, "same"),
  },
  "sine and cosine": { shape: [3], run: (w, x) => tf.add(tf.sin(tf.mul(w, x)), tf.cos(tf.add(w, x))) },
  "one-hot numbers": {
    shape: [5],
    run: (w, x) => tf.mul(tf.cast(tf.oneHot(tf.reshape(pixelNumbers(x), [-1, 16]), 5), "float32"), w),
  },
}

/** The mean of the squares, each with a weight of its own: an element in another place gives another loss. */
const makeLoss = ({ run }: Case, w: tf.Tensor) => {
  const { shape, size } = run(w, tf.tensor4d(images, [batch, 4, 4, 3]))
  const places = tf.add(tf.tensor(waves(size, 3), shape), 1)
  return (w: tf.Tensor, x: tf.Tensor) => {
    const values = run(w, x as tf.Tensor4D)
    return tf.mean(tf.mul(tf.square(values), tf.reshape(places, values.shape))) as tf.Scalar
  }
}

/** One step moves w against the gradient of the loss. */
const programOf = (each: Case) => {
  const { shape } = each
  const values = tf.tensor(waves(tf.util.sizeFromShape([...shape]), 1), [...shape])
  const w = takeOver(tf.variable(values, true, `tidemark/operations/${shape.join()}`), "w")
  const loss = makeLoss(each, w)
  return {
    w,
    loss,
    batchSize: batch,
    inputShape: [4, 4, 3],
    classes: 1,
    feeds: [{ name: "images", shape: [batch, 4, 4, 3] }],
    variables: [w],
    step: ({ images }) =>
      tf.tidy(() => {
        const { grads, value } = tf.variableGrads(() => loss(w, images), [w])
        w.assign(tf.sub(w, tf.mul(grads[w.name], rate)))
        return { loss: value, errorRate: tf.zerosLike(value) as tf.Scalar }
      }),
    predict: (images) => tf.tidy(() => tf.sum(tf.reshape(images, [-1, 48]), 1, true) as tf.Tensor2D),
  } satisfies Program & Record<"w" | "loss", unknown>
}

const steps = 3

const train = (program: Program) =>
  Effect.gen(function* () {
    const trainer = yield* (yield* Engine).compile(program)
    const feeds = {
      images: Float32Array.from({ length: steps * images.length }, (_, i) => images[i % images.length]),
    }
    const { losses } = yield* trainer.train(steps, feeds)
    return { losses, weights: (yield* trainer.state)[0].data }
  }).pipe(Effect.scoped)

describe("operations of own code", () => {
  for (const [name, each] of Object.entries(cases)) {
    it.effect(`${name}: the gradient is that of finite differences`, () =>
      Effect.gen(function* () {
        const program = programOf(each)
        const before = Float32Array.from(program.w.dataSync())
        const trainer = yield* Effect.provide(
          Effect.gen(function* () {
            return yield* (yield* Engine).compile(program)
          }),
          Reference.layer,
        )
        yield* trainer.train(1, { images })
        const after = (yield* trainer.state)[0].data
        const x = tf.tensor4d(images, [batch, 4, 4, 3])
        const lossWith = (values: Float32Array) =>
          tf.tidy(() => program.loss(tf.tensor(values, [...each.shape]), x).dataSync()[0])
        const gradient = before.map((value, i) => (value - after[i]) / rate)
        const numeric = before.map((_, i) => {
          const [up, down] = [0.01, -0.01].map((by) => lossWith(before.with(i, before[i] + by)))
          return (up - down) / 0.02
        })
        // Differences in float32 have a few digits.
        assert.isBelow(relativeError(gradient, numeric), 6e-3)
      }).pipe(Effect.scoped),
    )
  }

  for (const [engine, layer] of Object.entries(enginesUnderTest)) {
    for (const [name, each] of Object.entries(cases)) {
      it.effect(`${name}: the ${engine} engine computes what the reference computes`, () =>
        Effect.gen(function* () {
          const reference = yield* Effect.provide(train(programOf(each)), Reference.layer)
          const actual = yield* Effect.provide(train(programOf(each)), layer)
          assert.isBelow(relativeError(actual.losses, reference.losses), 1e-5, "losses")
          assert.isBelow(relativeError(actual.weights, reference.weights), 1e-5, "weights")
        }),
      )
    }
  }
})
