/**
 * The reference engine: TensorFlow.js in plain JavaScript. Slow (minutes for what onnx does in a second), runs anywhere,
 * and is what the other engines are tested against.
 *
 * The program runs as it stands. Its variables hold the trainer's state during a call only, so that several trainers
 * of one program do not meet.
 */
import * as tf from "@tensorflow/tfjs-core"
import { Effect, Layer } from "effect"
import { Engine, EngineFailed, type Program, type State, type Trainer } from "./Engine.ts"
import { hostVersion, useHost } from "./trace/cpuBackend.ts"
import { checkState } from "./state.ts"
import { sizeOf } from "./trace/graph.ts"

const engineName = "reference"

const compile = Effect.fnUntraced(function* (program: Program) {
  const { feeds: fed, inputShape, variables } = program
  const read = () => variables.map((variable) => Float32Array.from(variable.dataSync() as Float32Array))
  const write = (values: ReadonlyArray<Float32Array>) => {
    tf.tidy(() => {
      variables.forEach((variable, i) => variable.assign(tf.tensor(values[i], variable.shape)))
    })
  }
  yield* Effect.sync(useHost)
  let state = yield* Effect.sync(read)

  /** Runs `f` with the state in the variables; the variables get their own values back. */
  const withState = <T>(operation: string, f: () => T) =>
    Effect.try({
      try: () => {
        const before = read()
        write(state)
        try {
          return f()
        } finally {
          write(before)
        }
      },
      catch: (error) =>
        new EngineFailed({
          engine: engineName,
          operation,
          reason: error instanceof Error ? error.message : String(error),
        }),
    })

  const train: Trainer["train"] = (iterations, feeds) =>
    withState("train", () => {
      const losses = new Float32Array(iterations)
      const errors = new Float32Array(iterations)
      for (let i = 0; i < iterations; i++) {
        tf.tidy(() => {
          const tensors = fed.map(({ name, shape }) => {
            const size = sizeOf(shape)
            return [name, tf.tensor(feeds[name].slice(i * size, (i + 1) * size), [...shape])] as const
          })
          const { error, loss } = program.step(Object.fromEntries(tensors))
          losses[i] = loss.dataSync()[0]
          errors[i] = error.dataSync()[0]
        })
      }
      state = read()
      return { losses, errors }
    })

  const imageSize = sizeOf(inputShape)
  const predict: Trainer["predict"] = (images) =>
    withState("predict", () =>
      tf.tidy(() => {
        const batch = tf.tensor4d(Float32Array.from(images), [images.length / imageSize, ...inputShape])
        return Float32Array.from(program.predict(batch).dataSync())
      }),
    )

  const load = Effect.fnUntraced(function* (loaded: State) {
    const ordered = yield* checkState(variables, loaded)
    state = ordered.map(({ data }) => Float32Array.from(data))
  })

  return {
    train,
    evaluationBatch: 100,
    predict,
    state: Effect.sync(() =>
      variables.map(({ name, shape }, i) => ({ name, shape, data: Float32Array.from(state[i]) })),
    ),
    load,
  } satisfies Trainer
})

export const layer: Layer.Layer<Engine> = Layer.succeed(Engine, {
  info: {
    name: engineName,
    versions: { "@tensorflow/tfjs-core": tf.version_core, "@tensorflow/tfjs-backend-cpu": hostVersion },
    device: "cpu",
    threads: 1,
    path: "javascript",
    threadsChangeBits: false,
  },
  compile,
})
