/**
 * Whether one unit is better than another: (two units, their predictions) -> a significance test, or why there is
 * none.
 *
 * Two models are compared by the exact paired test over the examples that both were tested on. If a unit has several
 * seeds, a difference must hold twice: over the seeds (another seed gives another error) and over the examples (so
 * does another test split).
 */
import { Effect, Equal, Result } from "effect"
import { count } from "../../format/numbers.ts"
import { bothHold, compareSeeds, type SeedComparison } from "../../stages/statistics/groupComparison.ts"
import { type Difference, mcnemar, pairedDifference } from "../../stages/statistics/significance.ts"
import {
  type TestPredictions,
  type ReadTestPredictions,
  sharedExamples,
  type SharedExample,
} from "./predictions.ts"
import type { Member, Unit } from "./groups.ts"

/** Seeds of a group whose predictions are read: enough to average over, and quickly read. */
const seedsRead = 16
/** Number of examples shown that only one unit gets right. */
const shown = 5

export interface OneSided {
  readonly count: number
  /** The first few, by index in the dataset. */
  readonly first: ReadonlyArray<{ readonly index: number; readonly label: number }>
}

export interface UnitComparison {
  /** Labels. Differences are the test error of the second minus that of the first. */
  readonly first: string
  readonly second: string
  readonly method: string
  readonly difference: Difference
  /** The tests that `difference` combines. */
  readonly parts: ReadonlyArray<{ readonly over: string; readonly difference: Difference }>
  /** p with Holm's correction for the number of tests; set once all are made. */
  readonly correctedP: number
  readonly significant: boolean
  readonly examples: number
  /** For two models: the examples that only this one gets right. */
  readonly onlyFirstRight: OneSided | null
  readonly onlySecondRight: OneSided | null
  readonly remarks: ReadonlyArray<string>
}

type Tested = Omit<UnitComparison, "first" | "second" | "correctedP" | "significant">

export interface Untested {
  readonly first: string
  readonly second: string
  readonly reason: string
}

const oneSided = (examples: ReadonlyArray<SharedExample>): OneSided => ({
  count: examples.length,
  first: examples.slice(0, shown).map(({ index, label }) => ({ index, label })),
})

/** The predictions of the first seeds that have them; fails with the reasons if none has. */
const predictionsOf = Effect.fnUntraced(function* (
  members: ReadonlyArray<Member>,
  read: ReadTestPredictions,
) {
  const predictions: Array<TestPredictions> = []
  const problems: Array<string> = []
  for (const { figures } of members) {
    if (predictions.length === seedsRead) break
    const found = yield* read(figures.path)
    if (Result.isFailure(found)) problems.push(`${figures.id}: ${found.failure}`)
    else predictions.push(found.success)
  }
  return predictions.length === 0
    ? Result.fail(problems.join("; "))
    : Result.succeed({ predictions, problems })
})

/** The examples on which both units were tested; fails with the reason if there are none. */
const paired = Effect.fnUntraced(function* (
  first: ReadonlyArray<Member>,
  second: ReadonlyArray<Member>,
  read: ReadTestPredictions,
) {
  const [a, b] = [yield* predictionsOf(first, read), yield* predictionsOf(second, read)]
  if (Result.isFailure(a)) return Result.fail(a.failure)
  if (Result.isFailure(b)) return Result.fail(b.failure)
  const shared = sharedExamples(a.success.predictions, b.success.predictions)
  const sizes = [a.success.predictions[0].indices.length, b.success.predictions[0].indices.length]
  if (shared.length === 0) return Result.fail("their test splits have no example in common")
  const partly = sizes.some((size) => size !== shared.length)
    ? [
        `their test splits differ: ${count(shared.length)} examples in common, of ${count(sizes[0])} and ${count(sizes[1])}`,
      ]
    : []
  return Result.succeed({ shared, remarks: [...a.success.problems, ...b.success.problems, ...partly] })
})

type TestResult = Result.Result<Tested, string>

const compareModels = Effect.fnUntraced(function* (first: Unit, second: Unit, read: ReadTestPredictions) {
  const [a, b] = [first.seeds[0], second.seeds[0]]
  const examples = yield* paired([a], [b], read)
  if (Result.isFailure(examples)) return Result.fail(examples.failure) as TestResult
  const { remarks, shared } = examples.success
  const onlyFirst = shared.filter((example) => example.first > example.second)
  const onlySecond = shared.filter((example) => example.second > example.first)
  const difference = mcnemar(onlyFirst.length, onlySecond.length, shared.length)
  const isSameExperiment = Equal.equals(
    { ...a.header.experiment, seed: 0 },
    { ...b.header.experiment, seed: 0 },
  )
  return Result.succeed<Tested>({
    method: "exact McNemar test",
    difference,
    parts: [],
    examples: shared.length,
    onlyFirstRight: oneSided(onlyFirst),
    onlySecondRight: oneSided(onlySecond),
    remarks: [
      ...remarks,
      ...(onlyFirst.length + onlySecond.length === 0 ? ["both are right on the same examples"] : []),
      ...(isSameExperiment
        ? []
        : ["this compares two trained models; other seeds of the experiments may give another result"]),
    ],
  })
})

const errorsOf = (members: ReadonlyArray<Member>) =>
  members.flatMap(({ figures: { seed, testError } }) =>
    testError === null ? [] : [{ seed, error: testError.value }],
  )

const describeSeedTest = ({ test }: SeedComparison, first: number, second: number) => {
  switch (test) {
    case "single":
      return `t test of one seed against ${Math.max(first, second)}, assuming equal variances`
    case "paired":
      return `paired t test over ${Math.min(first, second)} seeds`
    case "welch":
      return `Welch's t test over ${first} and ${second} seeds`
  }
}

const compareSeedGroups = Effect.fnUntraced(function* (first: Unit, second: Unit, read: ReadTestPredictions) {
  const bySeed = compareSeeds(errorsOf(first.seeds), errorsOf(second.seeds))
  const examples = yield* paired(first.seeds, second.seeds, read)
  if (Result.isFailure(examples)) return Result.fail(examples.failure) as TestResult
  const { remarks, shared } = examples.success
  const byExample = pairedDifference(shared.map((example) => example.first - example.second))
  const isPartial = Math.max(first.seeds.length, second.seeds.length) > seedsRead
  return Result.succeed<Tested>({
    method: `${describeSeedTest(bySeed, first.seeds.length, second.seeds.length)}, and a paired t test over ${count(shared.length)} test examples`,
    difference: bothHold(bySeed.difference, byExample),
    parts: [
      { over: "seeds", difference: bySeed.difference },
      { over: "test examples", difference: byExample },
    ],
    examples: shared.length,
    onlyFirstRight: null,
    onlySecondRight: null,
    remarks: [
      ...remarks,
      ...(isPartial ? [`the test over examples uses the first ${seedsRead} seeds of each group`] : []),
    ],
  })
})

/** The p-value is corrected later, when the number of tests is known. */
export const compareGroups = Effect.fn("compareGroups")(function* (
  first: Unit,
  second: Unit,
  read: ReadTestPredictions,
) {
  const labels = { first: first.label, second: second.label }
  const untested = (reason: string) => Result.fail<Untested>({ ...labels, reason })
  for (const { label, seeds } of [first, second]) {
    if (seeds.length === 0) return untested(`${label} has no test result`)
  }
  if (!Equal.equals(first.seeds[0].figures.dataset, second.seeds[0].figures.dataset)) {
    return untested("they were tested on different datasets, so their errors cannot be compared")
  }
  const areGroups = first.seeds.length > 1 || second.seeds.length > 1
  const result: TestResult = yield* areGroups
    ? compareSeedGroups(first, second, read)
    : compareModels(first, second, read)
  return Result.mapBoth(result, {
    onSuccess: (test): UnitComparison => ({
      ...labels,
      ...test,
      correctedP: test.difference.p,
      significant: test.difference.p < 0.05,
    }),
    onFailure: (reason): Untested => ({ ...labels, reason }),
  })
})
