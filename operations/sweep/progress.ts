/**
 * How far a sweep is, and what became of each trial: (definition, records of the journal) -> SweepProgress.
 *
 * It follows from the journal alone, as decisions do, so it is the same whoever looks, and whether or not the sweep runs.
 */
import type { Assignment, SweepDefinition, SweepRecord } from "../../schemas/Sweep.ts"
import { barrierOf } from "./barriers.ts"
import { keysOf } from "./space.ts"
import { keyOf, meanOf, nextStep, planOf, type Ranked, seedsOf, stateOf, type SweepState } from "./decide.ts"

/** `open`: the sweep will train it further. `pruned`: it ended at a barrier, because others were better. */
export type TrialStatus = "finished" | "pruned" | "failed" | "open"

export interface TrialProgress {
  readonly trial: number
  readonly parameters: Assignment
  readonly status: TrialStatus
  /** Why it failed. */
  readonly reason: string | null
  /** The objective by barrier, as the mean over its seeds; null where it was not measured. */
  readonly values: ReadonlyArray<number | null>
  /** The last barrier at which it was measured; null before the first one. */
  readonly rung: number | null
  /** By seed of the search: the iteration it reached, and its run; null before the first barrier. */
  readonly seeds: ReadonlyArray<{ readonly iteration: number; readonly run: string | null }>
}

export interface SweepProgress {
  readonly trials: ReadonlyArray<TrialProgress>
  /** Trials of the whole sweep; so far fewer may be drawn. */
  readonly planned: number
  /** The iteration of each barrier; null for the end of the budget. */
  readonly barriers: ReadonlyArray<number | null>
  /** What is trained next; null when search and retraining have ended. */
  readonly phase: string | null
  /** Trainings of that phase. */
  readonly trainings: { readonly done: number; readonly of: number } | null
  /** Trials that reached the end of the budget, the best first. */
  readonly ranking: ReadonlyArray<Ranked>
}

const recordsOf = ({ measured }: SweepState, trial: number, seeds: ReadonlyArray<number>, rungs: number) =>
  seeds.map((seed) =>
    Array.from({ length: rungs }, (_, rung) => measured.get(keyOf({ trial, seed, rung }))).filter(
      (record) => record !== undefined,
    ),
  )

export const progressOf = (definition: SweepDefinition, records: ReadonlyArray<SweepRecord>): SweepProgress =>
  progressOfState(definition, stateOf(records))

export const progressOfState = (definition: SweepDefinition, state: SweepState): SweepProgress => {
  const { shares, trials: planned } = planOf(definition)
  const { searched } = seedsOf(definition)
  const step = nextStep(definition, state)
  const parts = step.kind === "measure" ? step.parts : []
  const open = new Set(parts.flatMap(({ seed, trial }) => (searched.includes(seed) ? [trial] : [])))

  const trials = [...state.drawn].map(([trial, parameters]): TrialProgress => {
    const bySeed = recordsOf(state, trial, searched, shares.length)
    const failure = bySeed.flat().find(({ record }) => record === "failed")
    const values = shares.map((_, rung) => {
      const value = meanOf(state, trial, rung, searched)
      return value === undefined || !Number.isFinite(value) ? null : value
    })
    const isFinished = values[shares.length - 1] !== null
    const rung = values.findLastIndex((value) => value !== null)
    return {
      trial,
      parameters,
      status:
        failure !== undefined ? "failed" : isFinished ? "finished" : open.has(trial) ? "open" : "pruned",
      reason: failure?.record === "failed" ? failure.reason : null,
      values,
      rung: rung < 0 ? null : rung,
      seeds: bySeed.map((found) => ({
        iteration: Math.max(0, ...found.map((one) => (one.record === "measured" ? one.iteration : 0))),
        run: found.at(-1)?.run ?? null,
      })),
    }
  })
  return {
    trials: trials.toSorted((a, b) => a.trial - b.trial),
    planned,
    barriers: shares.map((share) => barrierOf(definition.base, share)),
    phase: step.kind === "measure" ? step.phase : null,
    trainings:
      step.kind === "measure"
        ? { done: parts.filter((part) => state.measured.has(keyOf(part))).length, of: parts.length }
        : null,
    ranking: trials
      .flatMap(({ status, trial, values }) => {
        const value = values[shares.length - 1]
        return status !== "finished" || value === null ? [] : [{ trial, value }]
      })
      .toSorted((a, b) => a.value - b.value || a.trial - b.trial),
  }
}

/** Null if trials have budgets in epochs or of their own: then there is no full number of iterations. */
const commonBudget = ({ base, space }: SweepDefinition): number | null =>
  "iterations" in base.budget && !Object.keys(space).some((path) => keysOf(path)?.[0] === "budget")
    ? base.budget.iterations
    : null

export interface TrainedTo {
  readonly run: string | null
  readonly trained: number
  /** What pruning saved of the whole budget. */
  readonly saved: number
}

/** Iterations of each training of the search. */
export const trainedTo = (
  definition: SweepDefinition,
  { trials }: Pick<SweepProgress, "trials">,
): ReadonlyArray<TrainedTo> | null => {
  const budget = commonBudget(definition)
  if (budget === null) return null
  return trials.flatMap(({ seeds, status }) =>
    seeds.map(({ iteration, run }) => ({
      run,
      trained: iteration,
      saved: status === "pruned" ? Math.max(0, budget - iteration) : 0,
    })),
  )
}

export const countStatus = ({ trials }: Pick<SweepProgress, "trials">, status: TrialStatus): number =>
  trials.filter((trial) => trial.status === status).length

/** Trials that have a value, or failed before they had one. */
export const countMeasured = ({ trials }: SweepProgress): number =>
  trials.filter(({ rung, status }) => rung !== null || status === "failed").length

/** The lowest searched value of the trials that reached the end, after each trial. */
export const bestSoFar = ({ barriers, trials }: Pick<SweepProgress, "barriers" | "trials">) => {
  const steps: Array<{ readonly trial: number; readonly best: number }> = []
  let best = Number.POSITIVE_INFINITY
  for (const { trial, values } of trials) {
    best = Math.min(best, values[barriers.length - 1] ?? Number.POSITIVE_INFINITY)
    if (Number.isFinite(best)) steps.push({ trial, best })
  }
  return steps
}

/** The barrier at which most trials were measured, so that they can be compared; of several, the last one. */
export const comparedRung = ({ barriers, trials }: SweepProgress): number => {
  const counts = barriers.map((_, rung) => trials.filter(({ values }) => values[rung] !== null).length)
  return counts.lastIndexOf(Math.max(...counts))
}
