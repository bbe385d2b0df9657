/**
 * A trainer with ONNX Runtime: (program, blocked operators or none) -> Trainer, released with the scope.
 *
 * The state is the tensors that the last call returned, so a call that fails leaves it as it was. (Preallocated ones would
 * cost memory and save nothing: ONNX Runtime copies into them as it copies into new ones.) Results do not depend on how
 * iterations are cut into calls, nor on the number of threads.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect, Scope } from "effect"
import type { InferenceSession, Tensor } from "onnxruntime-node"
import type { Program, State, Trainer } from "../Engine.ts"
import { checkState } from "../state.ts"
import { traceProgram } from "../trace/traceProgram.ts"
import { reachable, sizeOf } from "../trace/graph.ts"
import type { Trace } from "../trace/trace.ts"
import type { Blocked } from "./lowering/blocked.ts"
import { type CompiledStep, compilePredict, compileStep, nextName } from "./compile.ts"
import { CurrentState } from "./CurrentState.ts"
import { engineName, failed, openSession, type Ort } from "./runtime.ts"

export interface TrainerOptions {
  readonly threads: number
  /** Absent: the portable path. */
  readonly blocked: Blocked | undefined
}

/** Possible numbers of images per call. */
const imagesPerCall = [1000, 500, 250, 100, 50, 25] as const
/** The limit for the largest value of a call, in bytes. */
const largestValue = 16 * 2 ** 20

/**
 * As many images as the limit allows. With convolutions over 28 × 28 in 32 channels it is 100, which takes 8 % more time and 30
 * MiB less than 250. With dense layers it is 1000, which takes a tenth to a third less time than 250, because each call begins
 * with copying the weights and waking the threads.
 */
export const evaluationBatchOf = ({ outputs }: Trace<"probabilities">): number => {
  const [images] = outputs.probabilities.shape
  const sizes = reachable([outputs.probabilities])
    .filter(({ shape }) => shape[0] === images)
    .map(({ shape }) => sizeOf(shape) / images)
  const bytes = 4 * Math.max(...sizes)
  return (
    imagesPerCall.find((count) => count * bytes <= largestValue) ?? imagesPerCall[imagesPerCall.length - 1]
  )
}

const floatTensor = (ort: Ort, data: Float32Array, shape: ReadonlyArray<number>): Tensor =>
  new ort.Tensor("float32", data, [...shape])

/** The session that predicts, opened when it is first needed and released with the trainer. */
const makePredict = Effect.fnUntraced(function* (
  ort: Ort,
  { classes, inputShape }: Program,
  trace: Trace<"probabilities">,
  state: CurrentState,
  { blocked, threads }: TrainerOptions,
) {
  const scope = yield* Effect.scope
  const predictor = yield* Effect.cached(
    Effect.gen(function* () {
      const { model, shapes } = compilePredict(trace, blocked)
      return { shapes, session: yield* openSession(ort, model, threads) }
    }).pipe(Scope.provide(scope)),
  )
  const [{ input }] = trace.feeds
  const [batchSize] = input.shape
  const imageSize = sizeOf(inputShape)
  const predict: Trainer["predict"] = Effect.fn("predict")(function* (images: Float32Array) {
    const { session, shapes } = yield* predictor
    const count = images.length / imageSize
    const probabilities = new Float32Array(count * classes)
    const weights = [...state.variables].flatMap(([name, data]) => {
      const shape = shapes.get(name)
      return shape === undefined ? [] : [[name, floatTensor(ort, data, shape)] as const]
    })
    for (let from = 0; from < count; from += batchSize) {
      const part = images.subarray(from * imageSize, (from + batchSize) * imageSize)
      const whole = batchSize * imageSize
      const batch = part.length === whole ? part : new Float32Array(whole)
      // The last batch is filled up with black images, whose predictions are dropped.
      if (batch !== part) batch.set(part)
      const inputs = { ...Object.fromEntries(weights), images: floatTensor(ort, batch, input.shape) }
      const outputs = yield* Effect.tryPromise({ try: () => session.run(inputs), catch: failed("predict") })
      const wanted = Math.min(batchSize, count - from) * classes
      probabilities.set((outputs.probabilities.data as Float32Array).subarray(0, wanted), from * classes)
    }
    return probabilities
  })
  return predict
})

const trainWith =
  (
    ort: Ort,
    session: InferenceSession,
    step: CompiledStep,
    feeds: Program["feeds"],
    state: CurrentState,
  ): Trainer["train"] =>
  (iterations, values) =>
    Effect.map(
      Effect.tryPromise({
        try: async () => {
          const fed = feeds
            .filter(({ name }) => step.feeds.has(name))
            .map(({ name, shape }) => [name, floatTensor(ort, values[name], [iterations, ...shape])] as const)
          const count = new ort.Tensor("int64", BigInt64Array.of(BigInt(iterations)), [])
          return await session.run({ iterations: count, ...Object.fromEntries(fed), ...state.tensors })
        },
        catch: failed("train"),
      }),
      (outputs) => {
        state.replace((input) => outputs[nextName(input)])
        return {
          losses: outputs.losses.data as Float32Array,
          errorRates: outputs.errorRates.data as Float32Array,
        }
      },
    )

export const makeTrainer = Effect.fn("compile")(function* (
  ort: Ort,
  program: Program,
  options: TrainerOptions,
) {
  const { inputShape, variables } = program
  const stepTrace = yield* traceProgram(engineName, variables, program.feeds, program.step)
  const tracePredict = (images: number) =>
    traceProgram(
      engineName,
      variables,
      [{ name: "images", shape: [images, ...inputShape] }],
      ({ images }) => ({
        probabilities: program.predict(images as tf.Tensor4D),
      }),
    )
  // 997 images: no weight has by chance as large a first axis.
  const evaluationBatch = evaluationBatchOf(yield* tracePredict(997))
  const predictTrace = yield* tracePredict(evaluationBatch)
  const step = yield* Effect.sync(() => compileStep(stepTrace, options.blocked))
  const session = yield* openSession(ort, step.model, options.threads)

  const initial = yield* Effect.promise(() => Promise.all(variables.map((variable) => variable.data())))
  const valuesOf = (state: State) => new Map(state.map(({ data, name }) => [name, data]))
  const values = variables.map(({ name, shape }, i) => ({ name, shape, data: initial[i] as Float32Array }))
  const state = new CurrentState(ort, step.state, valuesOf(values))

  const copy = (): State => {
    const current = state.variables
    return values.map(({ name, shape }) => ({
      name,
      shape,
      data: Float32Array.from(current.get(name) ?? []),
    }))
  }
  const load = Effect.fn("load")(function* (loaded: State) {
    state.load(valuesOf(yield* checkState(variables, loaded)))
  })

  return {
    train: trainWith(ort, session, step, program.feeds, state),
    evaluationBatch,
    predict: yield* makePredict(ort, program, predictTrace, state, options),
    state: Effect.sync(copy),
    load,
  } satisfies Trainer
})
