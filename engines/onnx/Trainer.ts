/**
 * A trainer over ONNX Runtime: (program, blocked operators or none) -> Trainer, released with the scope.
 *
 * The state is the tensors that the last call answered, so a call that fails leaves it as it was. (Preallocated ones would
 * cost memory and save nothing: ONNX Runtime copies into them as it copies into new ones.) Results do not depend on how
 * iterations are cut into calls, nor on the threads.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect, Scope } from "effect"
import type { Tensor } from "onnxruntime-node"
import type { Program, State, Trainer } from "../Engine.ts"
import { checkState } from "../state.ts"
import { record } from "../trace/traceProgram.ts"
import { reachable, sizeOf } from "../trace/graph.ts"
import type { Trace } from "../trace/trace.ts"
import type { Blocked } from "./lowering/blocked.ts"
import { compilePredict, compileStep, nextName } from "./compile.ts"
import { engineName, failed, openSession, type Ort } from "./runtime.ts"

export interface TrainerOptions {
  readonly threads: number
  /** Absent: the portable path. */
  readonly blocked: Blocked | undefined
}

/** Images in one call, the most first. */
const imagesACall = [1000, 500, 250, 100, 50, 25] as const
/** Bytes that the largest value of a call may take. */
const largestValue = 16 * 2 ** 20

/**
 * As many images as fit: 100 of convolutions over 28 × 28 in 32 channels, which take 8 % more time than 250 and 30 MiB less; 1000 of
 * a network of dense layers, which takes a tenth to a third less time than with 250, since every call begins with the weights
 * and wakes the threads.
 */
const evaluationBatchOf = ({ outputs }: Trace<"probabilities">): number => {
  const [images] = outputs.probabilities.shape
  const sizes = reachable([outputs.probabilities])
    .filter(({ shape }) => shape[0] === images)
    .map(({ shape }) => sizeOf(shape) / images)
  const bytes = 4 * Math.max(...sizes)
  return imagesACall.find((count) => count * bytes <= largestValue) ?? imagesACall[imagesACall.length - 1]
}

/** At once, not when it happens to be collected: a state is tens of megabytes. */
const free = (tensor: Tensor) => {
  const { buffer } = tensor.data as Float32Array<ArrayBuffer>
  tensor.dispose()
  // A buffer that is moved leaves its memory behind.
  buffer.transfer(0)
}

export const makeTrainer = Effect.fn("compile")(function* (
  ort: Ort,
  program: Program,
  { blocked, threads }: TrainerOptions,
) {
  const { inputShape, variables } = program
  const stepTrace = yield* record(engineName, variables, program.feeds, program.step)
  const tracePredict = (images: number) =>
    record(engineName, variables, [{ name: "images", shape: [images, ...inputShape] }], ({ images }) => ({
      probabilities: program.predict(images as tf.Tensor4D),
    }))
  // A number of images that no weight has by chance as its first size.
  const evaluationBatch = evaluationBatchOf(yield* tracePredict(997))
  const predictTrace = yield* tracePredict(evaluationBatch)
  const step = yield* Effect.sync(() => compileStep(stepTrace, blocked))
  const session = yield* openSession(ort, step.model, threads)

  const float = (data: Float32Array, shape: ReadonlyArray<number>): Tensor =>
    new ort.Tensor("float32", data, [...shape])
  const initial = yield* Effect.promise(() => Promise.all(variables.map((variable) => variable.data())))
  let current = variables.map(({ name, shape }, index) =>
    float(Float32Array.from(initial[index]), step.shapes.get(name) ?? shape),
  )

  const run = (iterations: number, feeds: Readonly<Record<string, Float32Array>>) =>
    Effect.tryPromise({
      try: async () => {
        const inputs: Record<string, Tensor> = {
          iterations: new ort.Tensor("int64", BigInt64Array.of(BigInt(iterations)), []),
        }
        for (const { name, shape } of program.feeds) {
          if (step.feeds.has(name)) inputs[name] = float(feeds[name], [iterations, ...shape])
        }
        variables.forEach(({ name }, index) => {
          inputs[name] = current[index]
        })
        return await session.run(inputs)
      },
      catch: failed("train"),
    })

  const train: Trainer["train"] = (iterations, feeds) =>
    Effect.map(run(iterations, feeds), (outputs) => {
      current.forEach(free)
      current = variables.map(({ name }) => outputs[nextName(name)])
      return { losses: outputs.losses.data as Float32Array, errors: outputs.errors.data as Float32Array }
    })

  const scope = yield* Effect.scope
  const predictor = yield* Effect.cached(
    Effect.gen(function* () {
      const predict = compilePredict(predictTrace, blocked)
      return { shapes: predict.shapes, session: yield* openSession(ort, predict.model, threads) }
    }).pipe(Scope.provide(scope)),
  )
  const imageSize = sizeOf(inputShape)
  const predict: Trainer["predict"] = Effect.fn("predict")(function* (images: Float32Array) {
    const { session, shapes } = yield* predictor
    const count = images.length / imageSize
    const probabilities = new Float32Array(count * program.classes)
    const inputs: Record<string, Tensor> = {}
    variables.forEach(({ name }, index) => {
      const shape = shapes.get(name)
      if (shape !== undefined) inputs[name] = float(current[index].data as Float32Array, shape)
    })
    for (let from = 0; from < count; from += evaluationBatch) {
      const part = images.subarray(from * imageSize, (from + evaluationBatch) * imageSize)
      const whole = evaluationBatch * imageSize
      const batch = part.length === whole ? part : new Float32Array(whole)
      // The last batch is filled up with black images, whose answers are dropped.
      if (batch !== part) batch.set(part)
      inputs.images = float(batch, [evaluationBatch, ...inputShape])
      const outputs = yield* Effect.tryPromise({ try: () => session.run(inputs), catch: failed("predict") })
      const answers = outputs.probabilities.data as Float32Array
      const wanted = Math.min(evaluationBatch, count - from) * program.classes
      probabilities.set(answers.subarray(0, wanted), from * program.classes)
    }
    return probabilities
  })

  const state: Trainer["state"] = Effect.sync(() =>
    variables.map(({ name, shape }, index) => ({
      name,
      shape,
      data: Float32Array.from(current[index].data as Float32Array),
    })),
  )
  const load = Effect.fn("load")(function* (loaded: State) {
    const ordered = yield* checkState(variables, loaded)
    ordered.forEach(({ data }, index) => {
      ;(current[index].data as Float32Array).set(data)
    })
  })

  return { train, evaluationBatch, predict, state, load } satisfies Trainer
})
