/**
 * What a new sweep takes over: (earlier sweep, new sweep, runs folder) -> assignments, its first trials.
 *
 * Finished trials of the earlier sweep come first, then the trained runs whose experiment lies in the new space, whoever
 * started them. Only the assignments are taken: the runs themselves are found by their fingerprints, as always.
 */
import { Effect, Path } from "effect"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import type { Assignment } from "../../schemas/Sweep.ts"
import { effectiveExperiment, readRun, type Run } from "../../storage/runDirectory.ts"
import { byOrder, listRunNames } from "../../storage/runNames.ts"
import { readTrained } from "../../storage/stageRecords.ts"
import { keyOf, planOf, seedsOf, type SweepState } from "./decide.ts"
import { assignmentsOf, liesIn, placesOf } from "./space.ts"
import { decodeTrial, type Sweep, writtenForm } from "./sweepFile.ts"

/**
 * The assignments of finished trials whose experiments are the same in both sweeps, in the order of their numbers.
 */
const adoptedTrials = Effect.fnUntraced(function* (stored: Sweep, state: SweepState, next: Sweep) {
  const places = placesOf(next.definition.space)
  const lastRung = planOf(stored.definition).shares.length - 1
  const { searched } = seedsOf(stored.definition)
  const adopted: Array<Assignment> = []
  for (const [trial, parameters] of [...state.drawn].toSorted(([a], [b]) => a - b)) {
    const isFinished = searched.every(
      (seed) => state.measured.get(keyOf({ trial, seed, rung: lastRung }))?.record === "measured",
    )
    if (!isFinished || !liesIn(places, parameters)) continue
    const [before, after] = [
      yield* decodeTrial(stored, parameters, 0).pipe(Effect.option),
      yield* decodeTrial(next, parameters, 0).pipe(Effect.option),
    ]
    if (before._tag === "None" || after._tag === "None") continue
    if (fingerprint(before.value) === fingerprint(after.value)) adopted.push(parameters)
  }
  return adopted
})

/** The assignment of a run whose experiment is exactly that of a trial with one of the sweep's seeds; undefined for others. */
const assignmentOfRun = Effect.fnUntraced(function* (next: Sweep, run: Run) {
  const experiment = effectiveExperiment(run)
  const { searched } = seedsOf(next.definition)
  if (run.identity.parent !== undefined || !searched.includes(experiment.seed)) return undefined
  const wanted = fingerprint(experiment)
  for (const assignment of assignmentsOf(next.definition.space, writtenForm(experiment))) {
    const trial = yield* decodeTrial(next, assignment, experiment.seed).pipe(Effect.option)
    if (trial._tag === "Some" && fingerprint(trial.value) === wanted) return assignment
  }
  return undefined
})

const adoptedRuns = Effect.fnUntraced(function* (runsDir: string, next: Sweep) {
  const paths = yield* Path.Path
  const runs: Array<Run> = []
  for (const name of yield* listRunNames(runsDir)) {
    const path = paths.join(runsDir, name)
    const run = yield* readRun(path).pipe(Effect.option)
    if (run._tag === "None") continue
    const trained = yield* readTrained(path).pipe(Effect.orElseSucceed(() => undefined))
    if (trained !== undefined) runs.push(run.value)
  }
  const adopted: Array<Assignment> = []
  for (const run of runs.toSorted((a, b) => byOrder(a.identity, b.identity))) {
    const assignment = yield* assignmentOfRun(next, run)
    if (assignment !== undefined) adopted.push(assignment)
  }
  return adopted
})

/** `earlier`: the sweep with this name so far, if there is one. A grid needs nothing: its points are found as runs. */
export const findAdopted = Effect.fn("findAdopted")(function* (
  runsDir: string,
  next: Sweep,
  earlier: { readonly sweep: Sweep; readonly state: SweepState } | undefined,
) {
  if (next.definition.strategy.kind === "grid") return []
  const trials = earlier === undefined ? [] : yield* adoptedTrials(earlier.sweep, earlier.state, next)
  const found = [...trials, ...(yield* adoptedRuns(runsDir, next))]
  const textOf = (assignment: Assignment) => JSON.stringify(Object.entries(assignment).toSorted())
  const different = [...new Map(found.map((assignment) => [textOf(assignment), assignment])).values()]
  return different.slice(0, planOf(next.definition).trials)
})
