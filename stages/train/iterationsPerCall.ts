/**
 * How many iterations one call to the engine takes: as many as are over in about a second, so that Ctrl-C is answered
 * soon and what a call costs by itself is spread. Learned from the calls made so far; the first is of one iteration, so
 * training is seen to begin at once. No result depends on it.
 */
import { Clock, Effect } from "effect"

const longestCallMs = 1000
const mostIterations = 100

export interface Pace {
  /** The number of iterations to make in the next call. */
  readonly chunk: () => number
  /** Times a call of `iterations`. */
  readonly timed: <A, E, R>(iterations: number, call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const makePace = (): Pace => {
  let chunk = 1
  return {
    chunk: () => chunk,
    timed: (iterations, call) =>
      Effect.gen(function* () {
        const before = yield* Clock.monotonicTimeNanos
        const answer = yield* call
        const durationMs = Number((yield* Clock.monotonicTimeNanos) - before) / 1e6
        const fitting = Math.floor((longestCallMs * iterations) / durationMs)
        chunk = Math.max(1, Math.min(mostIterations, fitting))
        return answer
      }),
  }
}
