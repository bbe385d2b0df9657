/**
 * Times a network on several engines in this process: (engines, network) -> their times, or why one could not be measured.
 *
 * The first iteration of each only warms it up. Then they take turns, so that other load on the machine affects all of them. A
 * large network is measured by one round, or by its first iteration alone.
 */
import { Context, Effect, Layer } from "effect"
import { Engine, type EngineNotAvailable, type Program, type Trainer } from "../../engines/Engine.ts"
import { type FeedsOf, sharedFeeds, waves } from "../../engines/exampleFeeds.ts"
import { budgetMs, median, rounds, timeCalls, timed } from "../../engines/measureIteration.ts"
import { sizeOf } from "../../engines/trace/graph.ts"
import type { EngineTiming } from "../../schemas/EngineChoice.ts"

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
  readonly calls: ReturnType<typeof timeCalls>
  /** Times of predictions. */
  readonly predicted: Array<number>
}

const warmUp = Effect.fnUntraced(function* <Name extends string>(
  { layer, name }: Contender<Name>,
  program: Program,
  feedsOf: FeedsOf,
) {
  const feeds = feedsOf(1)
  const { ms: startMs, value } = yield* timed(
    Effect.gen(function* () {
      const services = yield* Layer.build(layer)
      const trainer = yield* Context.get(services, Engine).compile(program)
      const { ms } = yield* timed(trainer.train(1, feeds))
      return { trainer, firstMs: ms }
    }),
  )
  const images = waves(value.trainer.evaluationBatch * sizeOf(program.inputShape))
  const calls = timeCalls(value.trainer, program.feeds, feedsOf)
  const warm: Warm<Name> = { ...value, name, images, startMs, calls, predicted: [] }
  return warm
})

const takeTurn = Effect.fnUntraced(function* ({ calls, images, predicted, trainer }: Warm<string>) {
  yield* calls.round
  predicted.push((yield* timed(trainer.predict(images))).ms)
})

const timingOf = ({ calls, firstMs, predicted, startMs, trainer }: Warm<string>): EngineTiming => ({
  startMs,
  iterationMs: calls.iterationMs() ?? firstMs,
  imageMs: predicted.length === 0 ? 0 : median(predicted) / trainer.evaluationBatch,
})

/** `onBegin` is called before an engine is loaded: a native library may end the process. */
export const timeEngines = Effect.fn("timeEngines")(function* <Name extends string>(
  contenders: ReadonlyArray<Contender<Name>>,
  program: Program,
  onBegin: (name: Name) => void = () => {},
) {
  const warm: Array<Warm<Name>> = []
  const failed: Array<Timed<Name>> = []
  const feedsOf = sharedFeeds(program.feeds, program.classes)
  for (const contender of contenders) {
    onBegin(contender.name)
    const started = yield* Effect.result(warmUp(contender, program, feedsOf))
    if (started._tag === "Success") warm.push(started.success)
    else failed.push({ name: contender.name, problem: started.failure.message })
  }
  let spent = warm.reduce((sum, { firstMs }) => sum + firstMs, 0)
  for (let round = 0; round < rounds && warm.length > 1 && spent < budgetMs; round++) {
    for (const each of warm) spent += (yield* timed(takeTurn(each))).ms
  }
  return [...warm.map((each): Timed<Name> => ({ name: each.name, timing: timingOf(each) })), ...failed]
}, Effect.scoped)
