/**
 * What pruning saved: (runs folder, definition, progress) -> iterations and seconds, trained and saved.
 *
 * A trial that was pruned would have taken as long for an iteration as it did before. Only the time between evaluations
 * counts, so that the set-up of a short trial does not make it look slow.
 */
import { Effect, Path } from "effect"
import { intervalsOf, readTrainEvents } from "../../inspect/trainEvents.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { type SweepProgress, trainedTo } from "./progress.ts"

export interface Savings {
  readonly iterations: { readonly trained: number; readonly saved: number }
  /** Seconds of training, without set-up and tests. */
  readonly seconds: { readonly trained: number; readonly saved: number }
  /** Trainings whose time is not known, because their run or its log is gone; they are not in `seconds`. */
  readonly unknown: number
}

/** Null if trials have budgets in epochs or of their own: then there is no full number of iterations. */
export const savingsOf = Effect.fn("savingsOf")(function* (
  runsDir: string,
  definition: SweepDefinition,
  progress: SweepProgress,
) {
  const trainings = trainedTo(definition, progress)
  if (trainings === null) return null
  const paths = yield* Path.Path
  const iterations = { trained: 0, saved: 0 }
  const seconds = { trained: 0, saved: 0 }
  let unknown = 0
  for (const { run, saved, trained } of trainings) {
    iterations.trained += trained
    iterations.saved += saved
    if (trained === 0) continue
    const measured = run === null ? [] : intervalsOf(yield* readTrainEvents(paths.join(runsDir, run)))
    const sum = (field: "iterations" | "ms") => measured.reduce((all, interval) => all + interval[field], 0)
    if (sum("iterations") === 0) {
      unknown++
      continue
    }
    const each = sum("ms") / 1000 / sum("iterations")
    seconds.trained += trained * each
    seconds.saved += saved * each
  }
  return { iterations, seconds, unknown } satisfies Savings as Savings
})
