/**
 * The time of a training iteration: (trainer, feeds, classes) -> milliseconds, from short and long calls of a warm trainer.
 *
 * An engine copies the state once a call, and a training makes calls of about a second. So the time is the difference of a long
 * and a short call, in which this copy does not count: medians of a few of both. The trainer's state changes. No round begins after
 * 1.2 seconds, and a round with a long call takes a second at most.
 */
import { Clock, Effect } from "effect"
import type { Feed, Trainer } from "./Engine.ts"
import { type FeedsOf, sharedFeeds } from "./exampleFeeds.ts"
import { sizeOf } from "./trace/graph.ts"

/** Of a long call. Longer ones would not fit into the budget several times. */
const callMs = 200
/** Fewer are no measure of the rest: the second iteration of a call of `cnn` takes 28 ms, the others 36. */
const fewestIterations = 4
const mostIterations = 50
/** Values of the feeds of a call: 64 MiB. */
const mostValues = 2 ** 24
/** At most this many short calls, each with a long one unless an iteration takes longer than that. */
export const rounds = 5
/** No round begins later. */
export const budgetMs = 1200

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const timed = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = yield* Clock.monotonicTimeNanos
    const value = yield* work
    return { value, ms: Number((yield* Clock.monotonicTimeNanos) - before) / 1e6 }
  })

/** The iterations of a long call; 1 if a short call alone takes longer, or if more feeds are too large. */
const fittingIterations = (shortMs: number, feeds: ReadonlyArray<Feed>) => {
  const values = feeds.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  const most = Math.max(1, Math.min(mostIterations, Math.floor(mostValues / values)))
  return shortMs > callMs ? 1 : Math.min(most, Math.max(fewestIterations, Math.floor(callMs / shortMs)))
}

/** The calls of a warm trainer: `round` makes a short and a long one, and `iterationMs` is the time after at least one round. */
export const timeCalls = (trainer: Pick<Trainer, "train">, feeds: ReadonlyArray<Feed>, feedsOf: FeedsOf) => {
  const short: Array<number> = []
  const long: Array<number> = []
  let iterations = 1
  const call = (count: number) =>
    Effect.suspend(() => {
      const values = feedsOf(count)
      return Effect.map(timed(trainer.train(count, values)), ({ ms }) => ms)
    })
  const round = Effect.gen(function* () {
    short.push(yield* call(1))
    if (long.length === 0) iterations = fittingIterations(short[0], feeds)
    if (iterations > 1) long.push(yield* call(iterations))
  })
  const iterationMs = (): number | undefined => {
    if (long.length === 0) return short.length === 0 ? undefined : median(short)
    const difference = median(long) - median(short)
    // Chance may make the longer call the faster one.
    return difference > 0 ? difference / (iterations - 1) : median(long) / iterations
  }
  return { round, iterationMs }
}

export const measureIteration = Effect.fn("measureIteration")(function* (
  trainer: Pick<Trainer, "train">,
  feeds: ReadonlyArray<Feed>,
  classes: number,
) {
  const feedsOf = sharedFeeds(feeds, classes)
  // The first call compiles kernels, and touches memory for the first time.
  const { ms: firstMs } = yield* timed(trainer.train(1, feedsOf(1)))
  const calls = timeCalls(trainer, feeds, feedsOf)
  let spent = 0
  for (let round = 0; round < rounds && spent < budgetMs; round++) spent += (yield* timed(calls.round)).ms
  return calls.iterationMs() ?? firstMs
})
