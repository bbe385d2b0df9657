/**
 * Whether the fast path computes the same as the portable path on this processor: () -> boolean, cached.
 *
 * A small network takes one step and predicts on both paths. It has every form of the fast path: few channels in and whole
 * blocks; with and without padding and strides; DFT and depthwise convolutions; concatenation and slices of channels; values
 * for each channel; pooling. Three batches are used, because in a filter's gradient the batch takes the place of the channels:
 * 4, which ONNX Runtime fills up to a whole block, a size that the lowering fills up, and a block with a rest. The result is
 * cached by processor, block size, the versions of the libraries and the text of the engines: by the models that are compared
 * it would be as safe, but to make them takes 80 ms of every start.
 */
import { cpus } from "node:os"
import * as tf from "@tensorflow/tfjs-core"
import { Effect, Schema } from "effect"
import type { Tensor as OrtTensor } from "onnxruntime-node"
import { useCpuBackend } from "../trace/cpuBackend.ts"
import { sizeOf } from "../trace/graph.ts"
import { trace } from "../trace/trace.ts"
import { probeCache } from "../probeCache.ts"
import { programText } from "../programText.ts"
import type { Blocked } from "./lowering/blocked.ts"
import { compilePredict, compileStep, nextName } from "./compile.ts"
import { CurrentState } from "./CurrentState.ts"
import { openSession, type Ort } from "./runtime.ts"

/** Values between ±scale, without a pattern along any axis. */
const waves = (size: number, scale: number) =>
  Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i * 12.9898 + 1))

const rate = 1

const tensorsOf = (block: number) =>
  Object.entries({
    filter1: [5, 5, 1, 2 * block],
    bias1: [2 * block],
    wide: [7, 7, 2 * block, 2 * block],
    strided: [3, 3, 2 * block, 1],
    stridedFull: [3, 3, 2 * block, 2 * block],
    depthwise: [3, 3, 2 * block, 1],
    scale: [4 * block],
    scale2: [4 * block],
    shift: [4 * block],
    filter2: [3, 3, 4 * block, block],
    bias2: [block],
  }).map(([key, shape]) => ({ name: `tidemark/check/${key}`, shape, values: waves(sizeOf(shape), 0.3) }))

/** [batch, 8, 8, 1] -> [batch, 1, 1, block], written without layers. */
const network = (variables: ReadonlyArray<tf.Variable>, images: tf.Tensor): tf.Tensor4D => {
  const [filter1, bias1, wide, strided, stridedFull, depthwise, scale, scale2, shift, filter2, bias2] =
    variables as ReadonlyArray<tf.Tensor> as ReadonlyArray<tf.Tensor4D>
  const first: tf.Tensor4D = tf.relu(tf.add(tf.conv2d(images as tf.Tensor4D, filter1, 1, "same"), bias1))
  const between: tf.Tensor4D = tf.addN([
    tf.maxPool(tf.add<tf.Tensor4D>(first, tf.conv2d(first, wide, 1, "same")), 2, 2, "valid"),
    tf.depthwiseConv2d(first, strided, 2, "same"),
    tf.conv2d(first, stridedFull, 2, "same"),
  ])
  const mixed = tf.depthwiseConv2d(between, depthwise, 1, "same")
  const [one, other] = [tf.concat([mixed, between], 3), tf.concat([between, mixed], 3)]
  const joined: tf.Tensor4D = tf.sub(tf.sub(tf.mul(one, scale), tf.mul(other, scale2)), shift)
  const second: tf.Tensor4D = tf.relu(tf.add(tf.conv2d(joined, filter2, 1, "valid"), bias2))
  return tf.maxPool(second, 2, 2, "valid")
}

/** One step of gradient descent, on all batches, and a prediction. */
const checkProgram = (block: number) => {
  useCpuBackend()
  const tensors = tensorsOf(block)
  const feeds = Object.entries({ images: block - 1, four: 4, rest: block + 4 }).map(([name, batch]) => ({
    name,
    shape: [batch, 8, 8, 1],
    values: waves(batch * 64, 1),
  }))
  const variables = tensors.map(({ name, shape, values }) =>
    tf.tidy(() => tf.variable(tf.tensor(values, shape), true, name)),
  )
  try {
    const step = trace(variables, feeds, (fed) => {
      const { grads, value } = tf.variableGrads(
        () => tf.addN(feeds.map(({ name }) => tf.mean<tf.Scalar>(tf.square(network(variables, fed[name]))))),
        variables,
      )
      for (const variable of variables) {
        variable.assign(tf.sub(variable, tf.mul(grads[variable.name], rate)))
      }
      return { loss: value, errorRate: value }
    })
    const predict = trace(variables, feeds.slice(0, 1), ({ images }) => ({
      probabilities: tf.softmax(tf.reshape(network(variables, images), [-1, block])),
    }))
    return { step, predict, tensors, feeds }
  } finally {
    for (const variable of variables) variable.dispose()
  }
}

type Check = ReturnType<typeof checkProgram>

const modelsOf = ({ predict, step }: Check, blocked: Blocked | undefined) => ({
  step: compileStep(step, blocked),
  predict: compilePredict(predict, blocked).model,
})

/** The changes of all variables in one step, and the predictions. */
const outputsOf = Effect.fnUntraced(function* (
  ort: Ort,
  { feeds, tensors }: Check,
  models: ReturnType<typeof modelsOf>,
) {
  const run = Effect.fnUntraced(function* (model: Uint8Array, inputs: Record<string, OrtTensor>) {
    const session = yield* openSession(ort, model, 1)
    const outputs = yield* Effect.tryPromise(() => session.run(inputs))
    return (name: string) => outputs[name]
  })
  const float = (values: Float32Array, shape: ReadonlyArray<number>) =>
    new ort.Tensor("float32", values, [...shape])
  const state = new CurrentState(
    ort,
    models.step.state,
    new Map(tensors.map(({ name, values }) => [name, values])),
  )
  const batches = feeds.map(({ name, shape, values }) => [name, float(values, [1, ...shape])])
  const iterations = new ort.Tensor("int64", BigInt64Array.of(1n), [])
  const fed = { iterations, ...Object.fromEntries(batches) }
  const next = yield* run(models.step.model, { ...fed, ...state.tensors })
  state.replace((input) => next(nextName(input)))
  const after = state.variables
  const changes = tensors.map(({ name, values }) =>
    values.map((value, i) => (after.get(name)?.[i] ?? Number.NaN) - value),
  )
  const [{ shape, values }] = feeds
  const weights = tensors.map(({ name, shape, values }) => [name, float(values, shape)])
  const predicted = yield* run(models.predict, {
    images: float(values, shape),
    ...Object.fromEntries(weights),
  })
  return [...changes, predicted("probabilities").data as Float32Array]
})

/** Rounding stays below 1e-4 of the largest value. A wrong layout makes errors as large as the values. */
const tolerance = 1e-3

const agree = (a: Float32Array, b: Float32Array) => {
  const largest = b.reduce((max, x) => Math.max(max, Math.abs(x)), 0)
  return largest > 0 && a.every((x, i) => Math.abs(x - b[i]) <= tolerance * largest)
}

/** Whether the network has the same results with these blocked operators as without; not cached. */
export const isFastPathCorrect = Effect.fn("verifyFastPath")(function* (ort: Ort, blocked: Blocked) {
  const check = checkProgram(blocked.block)
  const agrees = yield* Effect.gen(function* () {
    const actual = yield* outputsOf(ort, check, modelsOf(check, blocked))
    const expected = yield* outputsOf(ort, check, modelsOf(check, undefined))
    return actual.every((values, i) => agree(values, expected[i]))
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => Effect.as(Effect.logDebug("cannot check the fast path", error), false)),
  )
  if (!agrees) {
    yield* Effect.logWarning(
      "the fast convolutions of onnxruntime differ from its portable ones on this processor; using the portable ones",
    )
  }
  return agrees
})

const Agrees = Schema.Struct({ agrees: Schema.Literal(true) })

/** The result of `check`, the check of this program with its own blocked operators. One that failed is repeated at every start. */
export const cachedCheck = Effect.fnUntraced(function* (
  check: Effect.Effect<boolean>,
  block: number,
  /** Of the libraries that the operators and the models come from. */
  versions: ReadonlyArray<string>,
  text = programText(),
) {
  const processor = `${cpus()[0]?.model ?? "unknown"} ${process.arch}`
  const cache = probeCache("onnx-fast-path", [processor, String(block), ...versions, text], Agrees)
  if ((yield* cache.read) !== undefined) return true
  const agrees = yield* check
  if (agrees) yield* cache.write({ agrees })
  return agrees
})
