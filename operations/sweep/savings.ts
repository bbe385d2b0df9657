/**
 * What pruning saved: (runs folder, definition, progress) -> iterations and seconds, trained and saved.
 *
 * A trial that was pruned would have taken as long for an iteration as it did before. Only the time between evaluations
 * counts, so that the set-up of a short trial does not make it look slow.
 */
import { Effect, Path } from "effect"
import { readTrainEvents } from "../../inspect/trainEvents.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import type { SweepProgress } from "./progress.ts"

export interface Savings {
  readonly iterations: { readonly trained: number; readonly saved: number }
  /** Seconds of training, without set-up and tests. */
  readonly seconds: { readonly trained: number; readonly saved: number }
  /** Trainings whose time is not known, because their run or its log is gone; they are not in `seconds`. */
  readonly unknown: number
}

/** Seconds for an iteration, evaluations included; undefined if it is not known. */
const secondsPerIteration = Effect.fnUntraced(function* (path: string) {
  const events = yield* readTrainEvents(path)
  let [iterations, ms] = [0, 0]
  for (const [i, { atMs, attempt, event, iteration }] of events.entries()) {
    const before = events[i - 1]
    if (event !== "evaluated" || before?.attempt !== attempt) continue
    iterations += iteration - before.iteration
    ms += atMs - before.atMs
  }
  return iterations > 0 ? ms / 1000 / iterations : undefined
})

/** Null if trials have budgets in epochs or of their own: then there is no full number of iterations. */
export const savingsOf = Effect.fn("savingsOf")(function* (
  runsDir: string,
  { base, space }: SweepDefinition,
  { trials }: SweepProgress,
) {
  const { budget } = base
  if (!("iterations" in budget) || Object.keys(space).some((path) => path.startsWith("budget"))) return null
  const paths = yield* Path.Path
  const iterations = { trained: 0, saved: 0 }
  const seconds = { trained: 0, saved: 0 }
  let unknown = 0
  for (const { seeds, status } of trials) {
    for (const { iteration, run } of seeds) {
      const saved = status === "pruned" ? Math.max(0, budget.iterations - iteration) : 0
      iterations.trained += iteration
      iterations.saved += saved
      const each = run === null ? undefined : yield* secondsPerIteration(paths.join(runsDir, run))
      if (each === undefined) {
        unknown++
        continue
      }
      seconds.trained += iteration * each
      seconds.saved += saved * each
    }
  }
  return { iterations, seconds, unknown } satisfies Savings as Savings
})
