/**
 * The end of a sweep: (definition, what was measured, tested runs) -> SweepResult.
 *
 * The winner is the finalist with the lowest mean over fresh seeds on the validation split. The test split has no part in
 * that choice: it is opened afterwards, for the winner and the base.
 */
import { Effect, Path, Result, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import type { BaseResult, SweepDefinition, SweepResult, TrialName } from "../../schemas/Sweep.ts"
import type { SeedError } from "../../stages/statistics/groupComparison.ts"
import { meanInterval } from "../../stages/statistics/significance.ts"
import { readReport } from "../../storage/report.ts"
import { readTestPredictions, sharedExamples } from "../compare/predictions.ts"
import { conclude } from "./conclude.ts"
import { countStatus, progressOfState, type SweepProgress, trainedTo } from "./progress.ts"
import { type Ended, keyOf, type Measurement, planOf, type Ranked, type SweepState } from "./decide.ts"

/** The tested runs of the winner and the base cannot be compared. */
export class TestsIncomplete extends Failure<TestsIncomplete>()("TestsIncomplete", {
  exitCode: "dataError",
  fields: { run: Schema.String, problem: Schema.String },
  message: ({ problem, run }) =>
    `cannot compare the winner with the base: ${run}: ${problem}; remove the run and start the sweep again`,
}) {}

type Measured = Extract<Measurement, { readonly record: "measured" }>

/** The fresh trainings of a finalist or the base; undefined if one of them failed. */
const freshOf = (state: SweepState, ended: Ended, trial: TrialName) => {
  const found = ended.freshSeeds.flatMap((seed): ReadonlyArray<Measured> => {
    const one = state.measured.get(keyOf({ trial, seed, rung: ended.lastRung }))
    return one?.record === "measured" ? [one] : []
  })
  const spread = meanInterval(found.map(({ value }) => value))
  if (found.length < ended.freshSeeds.length || spread === undefined) return undefined
  const { high, low, value } = spread
  return { retrained: { value, low, high }, runs: found.map(({ run }) => run) }
}

/** The finalists that were trained again with every seed, by their rank in the search. */
export const finalistsOf = (state: SweepState, ended: Ended): SweepResult["finalists"] =>
  ended.finalists.flatMap(({ trial, value }: Ranked) => {
    const fresh = freshOf(state, ended, trial)
    const parameters = state.drawn.get(trial)
    return fresh === undefined || parameters === undefined
      ? []
      : [{ trial, parameters, searched: value, ...fresh }]
  })

/** Of equal means, the one that ranked higher in the search. */
export const winnerOf = (finalists: SweepResult["finalists"]) =>
  finalists.reduce<SweepResult["finalists"][number] | undefined>(
    (best, one) => (best === undefined || one.retrained.value < best.retrained.value ? one : best),
    undefined,
  )

export const baseOf = (state: SweepState, ended: Ended) => freshOf(state, ended, "base")

/** The test results of runs, one for each seed. */
const readTests = Effect.fnUntraced(function* (
  runsDir: string,
  runs: ReadonlyArray<string>,
  seeds: ReadonlyArray<number>,
) {
  const paths = yield* Path.Path
  const tests = []
  for (const [i, run] of runs.entries()) {
    const path = paths.join(runsDir, run)
    const report = yield* readReport(path)
    if (report === undefined) return yield* new TestsIncomplete({ run, problem: "it has no report" })
    const predictions = yield* readTestPredictions(path)
    if (Result.isFailure(predictions)) {
      return yield* new TestsIncomplete({ run, problem: predictions.failure })
    }
    const error: SeedError = { seed: seeds[i], error: report.test.error.value }
    tests.push({ error, predictions: predictions.success })
  }
  return tests
})

const mean = (values: ReadonlyArray<number>) => values.reduce((a, b) => a + b, 0) / values.length

/** Compares the winner with the base on the test split. */
const testWinner = Effect.fnUntraced(function* (
  runsDir: string,
  winner: SweepResult["finalists"][number],
  base: BaseResult,
  seeds: ReadonlyArray<number>,
) {
  const [ofBase, ofWinner] = [
    yield* readTests(runsDir, base.runs, seeds),
    yield* readTests(runsDir, winner.runs, seeds),
  ]
  const shared = sharedExamples(
    ofBase.map(({ predictions }) => predictions),
    ofWinner.map(({ predictions }) => predictions),
  )
  if (shared.length < 2) {
    return yield* new TestsIncomplete({ run: winner.runs[0], problem: "it was tested on other examples" })
  }
  const errors = (tests: typeof ofBase) => tests.map(({ error }) => error)
  const { difference, isBetter } = conclude(
    errors(ofBase),
    errors(ofWinner),
    // Shares of right predictions: fewer of the winner are more errors.
    shared.map(({ first, second }) => first - second),
  )
  const testErrorOf = (tests: typeof ofBase) => mean(tests.map(({ error: { error } }) => error))
  return {
    trial: winner.trial,
    testError: testErrorOf(ofWinner),
    baseTestError: testErrorOf(ofBase),
    difference,
    isBetter,
  }
})

/** Iterations that the trials of the search were trained, and those that they would have been without pruning. */
const iterationsOf = (definition: SweepDefinition, progress: SweepProgress) => {
  const trainings = trainedTo(definition, progress)
  if (trainings === null) return null
  const trained = trainings.reduce((sum, one) => sum + one.trained, 0)
  return { trained, full: trainings.reduce((sum, one) => sum + one.saved, trained) }
}

export const assembleResult = Effect.fn("assembleResult")(function* (
  runsDir: string,
  definition: SweepDefinition,
  state: SweepState,
  ended: Ended,
) {
  const { name, objective } = definition
  const { trials } = planOf(definition)
  const finalists = finalistsOf(state, ended)
  const base = baseOf(state, ended)
  const winner = winnerOf(finalists)
  const progress = progressOfState(definition, state)
  const [first] = finalists
  return {
    formatVersion: 1,
    name,
    objective,
    trials,
    failed: countStatus(progress, "failed"),
    pruned: countStatus(progress, "pruned"),
    iterations: iterationsOf(definition, progress),
    base: base ?? null,
    finalists,
    winner:
      winner === undefined || base === undefined
        ? null
        : yield* testWinner(runsDir, winner, base, ended.freshSeeds),
    optimism:
      first?.trial === ended.ranking[0]?.trial && first !== undefined
        ? first.retrained.value - first.searched
        : null,
  } satisfies SweepResult as SweepResult
})
