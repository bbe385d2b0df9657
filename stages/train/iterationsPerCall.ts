/**
 * How many iterations one call of the engine makes: as many as fit into about a second, so that Ctrl-C is obeyed soon
 * and the fixed cost of a call is shared by many iterations.
 *
 * Measured from the calls so far. The first call makes one iteration, so that the progress bar moves at once. No result
 * depends on the number.
 */
import { Clock, Effect } from "effect"

const maxCallMs = 1000
const maxIterations = 100

export interface IterationsPerCall {
  /** Iterations to make in the next call. */
  readonly next: () => number
  /** Runs and times a call that makes `iterations`. */
  readonly timed: <A, E, R>(iterations: number, call: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const makeIterationsPerCall = (): IterationsPerCall => {
  let next = 1
  return {
    next: () => next,
    timed: (iterations, call) =>
      Effect.gen(function* () {
        const before = yield* Clock.monotonicTimeNanos
        const result = yield* call
        const durationMs = Number((yield* Clock.monotonicTimeNanos) - before) / 1e6
        const fitting = Math.floor((maxCallMs * iterations) / durationMs)
        next = Math.max(1, Math.min(maxIterations, fitting))
        return result
      }),
  }
}
