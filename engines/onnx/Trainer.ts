/**
 * A trainer with ONNX Runtime: (program, blocked operators or none) -> Trainer, released with the scope.
 *
 * The state is the tensors that the last call returned, so a call that fails leaves it as it was. (Preallocated ones would
 * cost memory and save nothing: ONNX Runtime copies into them as it copies into new ones.) Results do not depend on how
 * iterations are cut into calls, nor on the number of threads.
 */
import { Effect, Scope } from "effect"
import type { InferenceSession } from "onnxruntime-node"
import type { Program, State, Trainer } from "../Engine.ts"
import { checkState } from "../state.ts"
import { traceProgram } from "../trace/traceProgram.ts"
import type { Trace } from "../trace/trace.ts"
import type { Blocked } from "./lowering/blocked.ts"
import { type CompiledStep, compilePredict, compileStep, nextName } from "./compile.ts"
import { CurrentState } from "./CurrentState.ts"
import { predictInBatches } from "../predictInBatches.ts"
import { tracePredictions } from "./predictions.ts"
import { engineName, failed, floatTensor, initialState, openSession, type Ort, tensorOf } from "./runtime.ts"

export interface TrainerOptions {
  readonly threads: number
  /** Absent: the portable path. */
  readonly blocked: Blocked | undefined
}

/** The session that predicts, opened when it is first needed and released with the trainer. */
const makePredict = Effect.fnUntraced(function* (
  ort: Ort,
  program: Program,
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
  const predict: Trainer["predict"] = Effect.fn("predict")(function* (images: Float32Array) {
    const { session, shapes } = yield* predictor
    const weights = [...state.variables].flatMap(([name, data]) => {
      const shape = shapes.get(name)
      return shape === undefined ? [] : [[name, floatTensor(ort, data, shape)] as const]
    })
    const inputs = Object.fromEntries(weights)
    return yield* predictInBatches(program, input.shape[0], images, (batch) =>
      Effect.tryPromise({
        try: async () => {
          const outputs = await session.run({ ...inputs, images: floatTensor(ort, batch, input.shape) })
          return outputs.probabilities.data as Float32Array
        },
        catch: failed("predict"),
      }),
    )
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
            .map(({ name, shape }) => [name, tensorOf(ort, values[name], [iterations, ...shape])] as const)
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
  const { variables } = program
  const stepTrace = yield* traceProgram(engineName, variables, program.feeds, program.step)
  const { evaluationBatch, trace: predictTrace } = yield* tracePredictions(program)
  const step = yield* Effect.sync(() => compileStep(stepTrace, options.blocked))
  const session = yield* openSession(ort, step.model, options.threads)

  const valuesOf = (state: State) => new Map(state.map(({ data, name }) => [name, data]))
  const state = new CurrentState(ort, step.state, valuesOf(yield* initialState(program)))

  const copy = (): State => {
    const current = state.variables
    return variables.map(({ name, shape }) => ({
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
