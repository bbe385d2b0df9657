/**
 * A trainer with a TensorFlow session: (Native, program, whether it computes on the processor) -> Trainer, released with the scope.
 *
 * The state is in TensorFlow's variables. An iteration is one call with the feeds, which returns loss and error rate.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import type { Feed, FeedValues, Program, State, Trainer } from "../Engine.ts"
import { predictInBatches } from "../predictInBatches.ts"
import { traceProgram } from "../trace/traceProgram.ts"
import { checkState } from "../state.ts"
import { sizeOf } from "../trace/graph.ts"
import { wordsOf } from "./byteFeed.ts"
import { compile } from "./compile.ts"
import { copiedMemory } from "./copiedMemory.ts"
import type { Native, NativeTensor } from "./native.ts"
import { call, engineName, failed, openSession } from "./session.ts"

/**
 * Images per call. Compared with 100, an image takes a fifth less processor time, because large weights are read less often,
 * and 35 MB more memory; 1000 gain little more. Always the same number, so that predictions do not depend on it.
 */
const evaluationBatch = 500

const attempt = <T>(operation: string, f: () => T) => Effect.try({ try: f, catch: failed(operation) })

/** `memory`: from `copiedMemory`, as long as `values`. */
const tensorOf = (
  native: Native,
  memory: Float32Array,
  values: Float32Array,
  shape: ReadonlyArray<number>,
): NativeTensor => {
  memory.set(values)
  return native.tensor(memory, [...shape], "float32")
}

type Session = Effect.Success<ReturnType<typeof openSession<"step" | "predict" | "read" | "load">>>

/** The state in TensorFlow's variables. */
const stateOf = (native: Native, session: Session, variables: Program["variables"]) => ({
  write: (values: ReadonlyArray<Float32Array>) =>
    attempt("load the state", () => {
      const inputs = variables.map(({ name, shape }, i) => [
        name,
        tensorOf(native, copiedMemory(values[i].length), values[i], shape),
      ])
      call(session.load, Object.fromEntries(inputs), () => {})
    }),
  read: attempt("read the state", () =>
    call(session.read, {}, (outputs) =>
      variables.map(({ name, shape }) => ({
        name,
        shape,
        data: Float32Array.from(outputs[name].dataSync()),
      })),
    ),
  ),
})

/** A function that makes the tensor of a feed for one iteration, always in the same memory: (values) -> tensor. */
const tensorMaker = (native: Native, { isBytes = false, shape }: Feed) => {
  const size = sizeOf(shape)
  if (!isBytes) {
    const memory = copiedMemory(size)
    return (values: FeedValues[string]) => {
      memory.set(values)
      return native.tensor(memory, [...shape], "float32")
    }
  }
  const { buffer, byteOffset, length } = copiedMemory(wordsOf(size))
  const [bytes, words] = [
    new Uint8Array(buffer, byteOffset, size),
    new Int32Array(buffer, byteOffset, length),
  ]
  return (values: FeedValues[string]) => {
    bytes.set(values)
    return native.tensor(words, [length], "int32")
  }
}

/** `fed`: the feeds that the step depends on. */
const trainWith = (native: Native, session: Session, fed: Program["feeds"]): Trainer["train"] => {
  const kept = fed.map((feed) => ({
    name: feed.name,
    size: sizeOf(feed.shape),
    tensorOf: tensorMaker(native, feed),
  }))
  return (iterations, feeds) =>
    attempt("train", () => {
      const losses = new Float32Array(iterations)
      const errorRates = new Float32Array(iterations)
      for (let i = 0; i < iterations; i++) {
        const inputs = kept.map(({ name, size, tensorOf }) => [
          name,
          tensorOf(feeds[name].subarray(i * size, (i + 1) * size)),
        ])
        call(session.step, Object.fromEntries(inputs), ({ results }) => {
          ;[losses[i], errorRates[i]] = results.dataSync()
        })
      }
      return { losses, errorRates }
    })
}

const predictWith = (native: Native, session: Session, program: Program): Trainer["predict"] => {
  const shape = [evaluationBatch, ...program.inputShape]
  const memory = copiedMemory(sizeOf(shape))
  const predictBatch = (images: Float32Array) =>
    attempt("predict", () => {
      const input = tensorOf(native, memory, images, shape)
      return call(session.predict, { images: input }, ({ probabilities }) => probabilities.dataSync())
    })
  return Effect.fn("predict")((images: Float32Array) =>
    predictInBatches(program, evaluationBatch, images, (batch) =>
      // A call blocks the thread: others run between two.
      Effect.tap(predictBatch(batch), () => Effect.yieldNow),
    ),
  )
}

export const makeTrainer = Effect.fn("compile")(function* (
  native: Native,
  program: Program,
  isOnCpu: boolean,
) {
  const { inputShape, variables } = program
  const stepTrace = yield* traceProgram(engineName, variables, program.feeds, program.step)
  const imageFeed = { name: "images", shape: [evaluationBatch, ...inputShape] }
  const predictTrace = yield* traceProgram(engineName, variables, [imageFeed], ({ images }) => ({
    probabilities: program.predict(images as tf.Tensor4D),
  }))
  const compiled = yield* Effect.sync(() => compile(stepTrace, predictTrace, isOnCpu))
  const session = yield* openSession(native, compiled.savedModel, ["step", "predict", "read", "load"])
  const { read, write } = stateOf(native, session, variables)
  const load = Effect.fn("load")(function* (loaded: State) {
    const ordered = yield* checkState(variables, loaded)
    yield* write(ordered.map(({ data }) => data))
  })
  const initial = yield* Effect.promise(() => Promise.all(variables.map((variable) => variable.data())))
  yield* write(initial as ReadonlyArray<Float32Array>)
  const fed = program.feeds.filter(({ name }) => compiled.feeds.has(name))
  return {
    train: trainWith(native, session, fed),
    evaluationBatch,
    predict: predictWith(native, session, program),
    state: read,
    load,
  } satisfies Trainer
})
