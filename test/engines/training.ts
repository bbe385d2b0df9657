/** Trains a small model for a few iterations on made-up examples: (case, engine) -> losses, error rates, state and predictions. */
import { Effect, Schema } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { Model } from "../../schemas/experiment/Model.ts"
import { Optimizer, optimizers } from "../../schemas/experiment/Optimizer.ts"
import { fillDropoutMask } from "../../stages/model/dropout.ts"
import { buildProgram, type Network } from "../../stages/model/model.ts"
import { randomKey, randomWords } from "../../stages/random.ts"

export interface Case {
  readonly model: (typeof Model)["Encoded"]
  readonly optimizer?: (typeof Optimizer)["Encoded"]
  readonly loss?: "softmaxCrossEntropy" | "sigmoidCrossEntropy" | "meanSquaredError"
  readonly classWeight?: Readonly<Record<string, number>>
  readonly labelSmoothing?: number
  readonly averaging?: { readonly decay: number }
  readonly inputShape?: readonly [number, number, number]
  readonly batchSize?: number
  readonly classes?: number
  readonly imagesAreBytes?: boolean
}

export const programOf = ({
  batchSize = 5,
  classes = 3,
  inputShape = [8, 8, 1],
  loss = "softmaxCrossEntropy",
  model,
  optimizer = optimizers.sgd({ learningRate: 1 }),
  ...options
}: Case) =>
  buildProgram({
    ...options,
    model: Schema.decodeUnknownSync(Model)(model),
    optimizer: Schema.decodeUnknownSync(Optimizer)(optimizer),
    loss,
    batchSize,
    classes,
    inputShape,
    seed: 1,
  })

const uniform = (purpose: string, size: number) => {
  const words = new Uint32Array(size)
  randomWords(randomKey(7, purpose), 0, words)
  return words
}

/** Four gray levels, so that equal neighbours, and ties in pooling, are common. */
export const images = (size: number) =>
  Float32Array.from(uniform("images", size), (word) => (word >>> 30) / 3)

export const feedsOf = (program: Network, iterations: number, learningRate = 0.05) => {
  const feeds: Record<string, Float32Array> = {}
  for (const { name, shape } of program.feeds) {
    feeds[name] = new Float32Array(shape.reduce((product, size) => product * size, iterations))
  }
  feeds.images.set(images(feeds.images.length))
  const labels = uniform("labels", iterations * program.batchSize)
  labels.forEach((word, i) => {
    feeds.labels[i * program.classes + (word % program.classes)] = 1
  })
  feeds.learningRate.fill(learningRate)
  for (const mask of program.dropoutMasks) {
    const size = feeds[mask.feed].length / iterations
    for (let i = 0; i < iterations; i++) {
      fillDropoutMask(mask, i, feeds[mask.feed].subarray(i * size, (i + 1) * size))
    }
  }
  return feeds
}

export const iterations = 3

export const trainCase = Effect.fnUntraced(function* (definition: Case) {
  const engine = yield* Engine
  const program = yield* programOf(definition)
  const trainer = yield* engine.compile(program)
  const { errorRates, losses } = yield* trainer.train(iterations, feedsOf(program, iterations))
  const state = yield* trainer.state
  const [height, width, channels] = program.inputShape
  const predictions = yield* trainer.predict(images(7 * height * width * channels))
  return { losses, errorRates, state, predictions }
}, Effect.scoped)

/** The largest difference, as a share of the largest expected value. */
export const relativeError = (actual: Float32Array, expected: Float32Array): number => {
  if (actual.length !== expected.length) return Infinity
  let largest = 1e-30
  let difference = 0
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(actual[i])) return NaN
    largest = Math.max(largest, Math.abs(expected[i]))
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]))
  }
  return difference / largest
}
