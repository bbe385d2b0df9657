/**
 * Whether the fast path computes what the portable one does on this processor: () -> boolean, remembered.
 *
 * Two layers of convolution and pooling, with depthwise convolutions between, take one step both ways, in every form that
 * the lowering has: few channels in and whole blocks, padded and not, strided and not, a batch that does not fill its
 * blocks. The verdict is kept in the user's cache by
 * processor, ONNX Runtime version and the very model that was checked.
 */
import { cpus } from "node:os"
import * as tf from "@tensorflow/tfjs-core"
import { Effect, Schema } from "effect"
import { useHost } from "../host.ts"
import { sizeOf } from "../trace/graph.ts"
import { trace } from "../trace/trace.ts"
import { verdict } from "../verdict.ts"
import type { Blocked } from "./blocked.ts"
import { compileStep, nextName } from "./compile.ts"
import { openSession, type Ort } from "./runtime.ts"

/** Smooth values in ±scale, without pattern over any axis. */
const waves = (size: number, scale: number) =>
  Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i * 12.9898 + 1))

const batch = 6
const rate = 1

/** One step of gradient descent, written without layers. */
const checkProgram = (block: number) => {
  useHost()
  const tensors = [
    { name: "tidemark/check/filter1", shape: [5, 5, 1, 2 * block] },
    { name: "tidemark/check/bias1", shape: [2 * block] },
    { name: "tidemark/check/strided", shape: [3, 3, 2 * block, 1] },
    { name: "tidemark/check/stridedFull", shape: [3, 3, 2 * block, 2 * block] },
    { name: "tidemark/check/depthwise", shape: [3, 3, 2 * block, 1] },
    { name: "tidemark/check/filter2", shape: [3, 3, 2 * block, block] },
    { name: "tidemark/check/bias2", shape: [block] },
  ].map((tensor) => ({ ...tensor, values: waves(sizeOf(tensor.shape), 0.3) }))
  const feeds = [{ name: "images", shape: [batch, 8, 8, 1], values: waves(batch * 64, 1) }]
  const variables = tensors.map(({ name, shape, values }) =>
    tf.tidy(() => tf.variable(tf.tensor(values, shape), true, name)),
  )
  try {
    const traced = trace(variables, feeds, ({ images }) => {
      const [filter1, bias1, strided, stridedFull, depthwise, filter2, bias2] = variables
      const { grads, value } = tf.variableGrads(() => {
        const first = tf.relu(
          tf.add(tf.conv2d(images as tf.Tensor4D, filter1 as tf.Tensor4D, 1, "same"), bias1),
        )
        const pooled = tf.maxPool(first as tf.Tensor4D, 2, 2, "valid")
        const between = tf.addN([
          pooled,
          tf.depthwiseConv2d(first as tf.Tensor4D, strided as tf.Tensor4D, 2, "same"),
          tf.conv2d(first as tf.Tensor4D, stridedFull as tf.Tensor4D, 2, "same"),
        ])
        const mixed = tf.depthwiseConv2d(between as tf.Tensor4D, depthwise as tf.Tensor4D, 1, "same")
        const second = tf.relu(tf.add(tf.conv2d(mixed, filter2 as tf.Tensor4D, 1, "valid"), bias2))
        return tf.mean(tf.square(tf.maxPool(second as tf.Tensor4D, 2, 2, "valid")))
      }, variables)
      for (const variable of variables) {
        variable.assign(tf.sub(variable, tf.mul(grads[variable.name], rate)))
      }
      return { loss: value, error: value }
    })
    return { traced, tensors, feeds }
  } finally {
    for (const variable of variables) variable.dispose()
  }
}

type Check = ReturnType<typeof checkProgram>

/** The moves of all variables in one step. */
const movesOf = Effect.fnUntraced(function* (ort: Ort, { feeds, tensors }: Check, model: Uint8Array) {
  const session = yield* openSession(ort, model, 1)
  const inputs = {
    iterations: new ort.Tensor("int64", BigInt64Array.of(1n), []),
    ...Object.fromEntries(
      feeds.map(({ name, shape, values }) => [name, new ort.Tensor("float32", values, [1, ...shape])]),
    ),
    ...Object.fromEntries(
      tensors.map(({ name, shape, values }) => [name, new ort.Tensor("float32", values, [...shape])]),
    ),
  }
  const outputs = yield* Effect.tryPromise(() => session.run(inputs))
  return tensors.map(({ name, values }) =>
    (outputs[nextName(name)].data as Float32Array).map((value, i) => value - values[i]),
  )
})

/** Rounding alone stays below 1e-4 of a variable's largest move; a wrong layout is off by all of it. */
const tolerance = 1e-3

const agree = (a: Float32Array, b: Float32Array) => {
  const largest = b.reduce((max, x) => Math.max(max, Math.abs(x)), 0)
  return largest > 0 && a.every((x, i) => Math.abs(x - b[i]) <= tolerance * largest)
}

const Agrees = Schema.Struct({ agrees: Schema.Literal(true) })

export const isTrustworthy = Effect.fn("verifyFastPath")(function* (
  ort: Ort,
  version: string,
  blocked: Blocked,
) {
  const check = checkProgram(blocked.block)
  const fast = compileStep(check.traced, blocked).model
  const processor = `${cpus()[0]?.model ?? "unknown"} ${process.arch}`
  const kept = verdict("onnx-fast-path", [processor, version, fast], Agrees)
  if ((yield* kept.read) !== undefined) return true
  const agrees = yield* Effect.gen(function* () {
    const fastMoves = yield* movesOf(ort, check, fast)
    const portableMoves = yield* movesOf(ort, check, compileStep(check.traced, undefined).model)
    return fastMoves.every((moves, i) => agree(moves, portableMoves[i]))
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => Effect.as(Effect.logDebug("the fast path failed its check", error), false)),
  )
  if (!agrees) {
    yield* Effect.logWarning(
      "onnxruntime's fast convolutions do not agree with its portable ones on this processor: using the portable ones",
    )
    return false
  }
  yield* kept.write({ agrees: true })
  return true
})
