/**
 * Times a network on several engines in this process: (engines, network) -> their times, or why one could not be measured.
 *
 * The first iteration of each only warms it up. Then they take turns, so that other load on the machine affects all of them. An
 * engine copies the state once a call, and a training makes calls of about a second: the time of an iteration is the difference
 * of a long and a short call, so that this copy does not count.
 */
import { Context, Effect, Layer } from "effect"
import { Engine, type EngineNotAvailable, type Program, type Trainer } from "../../engines/Engine.ts"
import type { EngineTiming } from "../../schemas/EngineChoice.ts"

/** Of a long call. Longer ones would not fit into the budget several times. */
const callMs = 120
const mostIterations = 50
/** Values of the feeds of a call: 64 MiB. */
const mostValues = 2 ** 24
const rounds = 5
/** From the first iterations on. A large network is measured by one round, or by its first iteration alone. */
const budgetMs = 1200

const sizeOf = (shape: ReadonlyArray<number>) => shape.reduce((size, dimension) => size * dimension, 1)

/** Values of 0 to 1 without a pattern along any axis. */
const waves = (size: number) =>
  Float32Array.from({ length: size }, (_, i) => Math.abs(Math.sin(i * 12.9898 + 1)))

/** Images, one-hot labels, a learning rate with which nothing diverges, and masks that keep two thirds of the values. */
const feedsOf = ({ classes, feeds }: Pick<Program, "classes" | "feeds">, iterations: number) =>
  Object.fromEntries(
    feeds.map(({ name, shape }) => {
      const size = iterations * sizeOf(shape)
      if (name === "images") return [name, waves(size)]
      if (name === "learningRate") return [name, new Float32Array(size).fill(1e-5)]
      if (name === "labels") {
        const isLabel = (i: number) => i % classes === Math.floor(i / classes) % classes
        return [name, Float32Array.from({ length: size }, (_, i) => (isLabel(i) ? 1 : 0))]
      }
      return [name, waves(size).map((value) => (value > 0.5 ? 1.5 : 0))]
    }),
  )

const timed = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = performance.now()
    const value = yield* work
    return { value, ms: performance.now() - before }
  })

const median = (values: ReadonlyArray<number>) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)]

export interface Contender<Name extends string> {
  readonly name: Name
  readonly layer: Layer.Layer<Engine, EngineNotAvailable>
}

/** What became of a contender. */
export type Timed<Name extends string> =
  | { readonly name: Name; readonly timing: EngineTiming }
  | { readonly name: Name; readonly problem: string }

/** A contender that has made its first iteration. */
interface Warm<Name extends string> {
  readonly name: Name
  readonly trainer: Trainer
  readonly images: Float32Array
  readonly startMs: number
  readonly firstMs: number
  /** Times of calls of one iteration, of calls of `iterations`, and of predictions. */
  readonly short: Array<number>
  readonly long: Array<number>
  readonly predicted: Array<number>
  iterations: number
}

const warmUp = Effect.fnUntraced(function* <Name extends string>(
  { layer, name }: Contender<Name>,
  program: Program,
) {
  const { ms: startMs, value } = yield* timed(
    Effect.gen(function* () {
      const services = yield* Layer.build(layer)
      const trainer = yield* Context.get(services, Engine).compile(program)
      const { ms } = yield* timed(trainer.train(1, feedsOf(program, 1)))
      return { trainer, firstMs: ms }
    }),
  )
  const images = waves(value.trainer.evaluationBatch * sizeOf(program.inputShape))
  const warm: Warm<Name> = {
    ...value,
    name,
    images,
    startMs,
    short: [],
    long: [],
    predicted: [],
    iterations: 1,
  }
  return warm
})

/** As many iterations as fit into a long call. */
const fittingIterations = (iterationMs: number, { feeds }: Program) => {
  const values = feeds.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return Math.max(1, Math.floor(Math.min(callMs / iterationMs, mostValues / values, mostIterations)))
}

const takeTurn = Effect.fnUntraced(function* (warm: Warm<string>, program: Program) {
  const { images, long, predicted, short, trainer } = warm
  const call = (iterations: number) =>
    Effect.map(timed(trainer.train(iterations, feedsOf(program, iterations))), ({ ms }) => ms)
  short.push(yield* call(1))
  if (long.length === 0) warm.iterations = fittingIterations(short[0], program)
  if (warm.iterations > 1) long.push(yield* call(warm.iterations))
  predicted.push((yield* timed(trainer.predict(images))).ms)
})

const timingOf = ({
  firstMs,
  iterations,
  long,
  predicted,
  short,
  startMs,
  trainer,
}: Warm<string>): EngineTiming => {
  const shortMs = short.length === 0 ? firstMs : median(short)
  const longMs = long.length === 0 ? undefined : median(long)
  // Chance may make the longer call the faster one.
  const iterationMs =
    longMs === undefined
      ? shortMs
      : longMs > shortMs
        ? (longMs - shortMs) / (iterations - 1)
        : longMs / iterations
  const imageMs = predicted.length === 0 ? 0 : median(predicted) / trainer.evaluationBatch
  return { startMs, iterationMs, imageMs }
}

/** `onBegin` is called before an engine is loaded: a native library may end the process. */
export const timeEngines = Effect.fn("timeEngines")(function* <Name extends string>(
  contenders: ReadonlyArray<Contender<Name>>,
  program: Program,
  onBegin: (name: Name) => void = () => {},
) {
  const warm: Array<Warm<Name>> = []
  const failed: Array<Timed<Name>> = []
  for (const contender of contenders) {
    onBegin(contender.name)
    const started = yield* Effect.result(warmUp(contender, program))
    if (started._tag === "Success") warm.push(started.success)
    else failed.push({ name: contender.name, problem: started.failure.message })
  }
  const startedAt = performance.now() - warm.reduce((sum, { firstMs }) => sum + firstMs, 0)
  for (let round = 0; round < rounds && warm.length > 1; round++) {
    if (performance.now() - startedAt > budgetMs) break
    for (const each of warm) yield* takeTurn(each, program)
  }
  return [...warm.map((each): Timed<Name> => ({ name: each.name, timing: timingOf(each) })), ...failed]
}, Effect.scoped)
