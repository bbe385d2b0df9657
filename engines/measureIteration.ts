/**
 * The time of a training iteration: (trainer, feeds, classes) -> milliseconds, the median of a few calls.
 *
 * The trainer's state changes. It takes two seconds at most, but three calls of one iteration if those take longer.
 */
import { Clock, Effect } from "effect"
import type { Feed, Trainer } from "./Engine.ts"
import { exampleFeeds } from "./exampleFeeds.ts"
import { sizeOf } from "./trace/graph.ts"

const calls = 5
/** Of a call, so that its fixed cost counts as little as in a training. */
const callMs = 200
/** Of all calls but the first. */
const mostMs = 2000
const mostIterations = 50
/** Of the feeds of a call. */
const mostBytes = 32 * 2 ** 20

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const measureIteration = Effect.fn("measureIteration")(function* (
  trainer: Pick<Trainer, "train">,
  feeds: ReadonlyArray<Feed>,
  classes: number,
) {
  const time = Effect.fnUntraced(function* (iterations: number) {
    const values = exampleFeeds(feeds, classes, iterations)
    const before = yield* Clock.monotonicTimeNanos
    yield* trainer.train(iterations, values)
    return Number((yield* Clock.monotonicTimeNanos) - before) / 1e6 / iterations
  })
  // The first call compiles kernels, and touches memory for the first time.
  yield* time(1)
  const once = yield* time(1)
  const bytes = 4 * feeds.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  const most = Math.max(1, Math.min(mostIterations, Math.floor(mostBytes / bytes)))
  const iterations = Math.max(1, Math.min(most, Math.floor(callMs / once)))
  const times: Array<number> = []
  let spent = once
  do {
    const each = yield* time(iterations)
    times.push(each)
    spent += each * iterations
  } while (times.length < calls && spent < mostMs)
  return median(times)
})
