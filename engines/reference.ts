/**
 * The reference engine: TensorFlow.js in plain JavaScript. It is slow (minutes for what onnx does in a second), runs anywhere,
 * and the other engines are tested against it.
 *
 * The program runs as it is written. Its variables hold the trainer's state during a call only, so that several trainers of
 * one program do not share it.
 */
import * as tf from "@tensorflow/tfjs-core"
import { Effect, Layer } from "effect"
import { Engine, EngineFailed, type FeedValues, type Program, type State, type Trainer } from "./Engine.ts"
import { floatsOf } from "./bytes.ts"
import { cpuBackendVersion, useCpuBackend } from "./trace/cpuBackend.ts"
import { checkState } from "./state.ts"
import { sizeOf } from "./trace/graph.ts"

const engineName = "reference"

type Values = ReadonlyArray<Float32Array>

const valuesOf = (variables: Program["variables"]): Values =>
  variables.map((variable) => Float32Array.from(variable.dataSync() as Float32Array))

const assign = (variables: Program["variables"], values: Values) => {
  tf.tidy(() => {
    variables.forEach((variable, i) => variable.assign(tf.tensor(values[i], variable.shape)))
  })
}

/** The state of a trainer, which the program's variables hold during a call only. */
class CurrentState {
  readonly #variables: Program["variables"]
  #values: Values

  constructor(variables: Program["variables"]) {
    this.#variables = variables
    this.#values = valuesOf(variables)
  }

  /** Runs `f` with the state in the variables, which get their own values back. What `f` assigns is the next state. */
  during<T>(operation: string, f: () => T): Effect.Effect<T, EngineFailed> {
    return Effect.try({
      try: () => {
        const before = valuesOf(this.#variables)
        assign(this.#variables, this.#values)
        try {
          const result = f()
          this.#values = valuesOf(this.#variables)
          return result
        } finally {
          assign(this.#variables, before)
        }
      },
      catch: (error) =>
        new EngineFailed({
          engine: engineName,
          operation,
          reason: error instanceof Error ? error.message : String(error),
        }),
    })
  }

  copy(): State {
    return this.#variables.map(({ name, shape }, i) => ({
      name,
      shape,
      data: Float32Array.from(this.#values[i]),
    }))
  }

  load(ordered: State): void {
    this.#values = ordered.map(({ data }) => Float32Array.from(data))
  }
}

/** The feeds of iteration `i`. */
const tensorsAt = (program: Program, feeds: FeedValues, i: number) =>
  Object.fromEntries(
    program.feeds.map(({ name, shape }) => {
      const size = sizeOf(shape)
      return [name, tf.tensor(floatsOf(feeds[name].slice(i * size, (i + 1) * size)), [...shape])]
    }),
  )

const runSteps = (program: Program, iterations: number, feeds: FeedValues) => {
  const losses = new Float32Array(iterations)
  const errorRates = new Float32Array(iterations)
  for (let i = 0; i < iterations; i++) {
    tf.tidy(() => {
      const { errorRate, loss } = program.step(tensorsAt(program, feeds, i))
      losses[i] = loss.dataSync()[0]
      errorRates[i] = errorRate.dataSync()[0]
    })
  }
  return { losses, errorRates }
}

const predict = ({ inputShape, predict }: Program, images: Float32Array) =>
  tf.tidy(() => {
    const batch = tf.tensor4d(Float32Array.from(images), [images.length / sizeOf(inputShape), ...inputShape])
    return Float32Array.from(predict(batch).dataSync())
  })

const compile = Effect.fnUntraced(function* (program: Program) {
  const { variables } = program
  yield* Effect.sync(useCpuBackend)
  const state = yield* Effect.sync(() => new CurrentState(variables))
  return {
    train: (iterations, feeds) => state.during("train", () => runSteps(program, iterations, feeds)),
    evaluationBatch: 100,
    predict: (images) => state.during("predict", () => predict(program, images)),
    state: Effect.sync(() => state.copy()),
    load: Effect.fnUntraced(function* (loaded: State) {
      state.load(yield* checkState(variables, loaded))
    }),
  } satisfies Trainer
})

export const layer: Layer.Layer<Engine> = Layer.succeed(Engine, {
  info: {
    name: engineName,
    versions: { "@tensorflow/tfjs-core": tf.version_core, "@tensorflow/tfjs-backend-cpu": cpuBackendVersion },
    device: "cpu",
    threads: 1,
    path: "javascript",
    threadsChangeBits: false,
  },
  compile,
})
