/**
 * Whether one unit is better than another: (two units, their answers) -> a test, or why there is none.
 *
 * Two models are compared by the exact paired test over the examples both were tested on. Where a side has several seeds
 * a difference must hold out twice: over the seeds (another seed gives another error) and over the examples (another test split does too); the
 * larger p-value counts, so no correction is needed for there being two.
 */
import { Effect, Equal, Result } from "effect"
import {
  type Difference,
  mcnemar,
  pairedDifference,
  singleDifference,
  welchDifference,
} from "../../stages/statistics/significance.ts"
import { type Answers, type ReadAnswers, sharedExamples, type SharedExample } from "./predictions.ts"
import type { Member, Unit } from "./groups.ts"

/** Seeds of a group whose answers are read: enough to average over, and soon read. */
const seedsRead = 16
/** Examples shown that only one side gets right. */
const shown = 5

export interface OneSided {
  readonly count: number
  /** The first few, by index in the dataset. */
  readonly first: ReadonlyArray<{ readonly index: number; readonly label: number }>
}

export interface UnitTest {
  /** Labels: the difference is of the second's test error less the first's. */
  readonly first: string
  readonly second: string
  readonly method: string
  readonly difference: Difference
  /** What else was asked, and is contained in `difference.p`. */
  readonly parts: ReadonlyArray<{ readonly over: string; readonly difference: Difference }>
  /** Holm's correction of p for the number of tests; set once all are made. */
  readonly correctedP: number
  readonly significant: boolean
  readonly examples: number
  /** Between two models: what each gets right where the other fails. */
  readonly onlyFirstRight: OneSided | null
  readonly onlySecondRight: OneSided | null
  readonly remarks: ReadonlyArray<string>
}

type Tested = Omit<UnitTest, "first" | "second" | "correctedP" | "significant">

export interface Untested {
  readonly first: string
  readonly second: string
  readonly reason: string
}

const oneSided = (examples: ReadonlyArray<SharedExample>): OneSided => ({
  count: examples.length,
  first: examples.slice(0, shown).map(({ index, label }) => ({ index, label })),
})

/** The answers of as many seeds as have them; why, where none has. */
const answersOf = Effect.fnUntraced(function* (members: ReadonlyArray<Member>, read: ReadAnswers) {
  const answers: Array<Answers> = []
  const problems: Array<string> = []
  for (const { figures } of members) {
    if (answers.length === seedsRead) break
    const found = yield* read(figures.path)
    if (Result.isFailure(found)) problems.push(`${figures.id}: ${found.failure}`)
    else answers.push(found.success)
  }
  return answers.length === 0 ? Result.fail(problems.join("; ")) : Result.succeed({ answers, problems })
})

/** Examples both sides answered, or why they cannot be paired. */
const paired = Effect.fnUntraced(function* (
  first: ReadonlyArray<Member>,
  second: ReadonlyArray<Member>,
  read: ReadAnswers,
) {
  const [a, b] = [yield* answersOf(first, read), yield* answersOf(second, read)]
  if (Result.isFailure(a)) return Result.fail(a.failure)
  if (Result.isFailure(b)) return Result.fail(b.failure)
  const shared = sharedExamples(a.success.answers, b.success.answers)
  const sizes = [a.success.answers[0].indices.length, b.success.answers[0].indices.length]
  if (shared.length === 0) return Result.fail("their test splits have no example in common")
  const partly = sizes.some((size) => size !== shared.length)
    ? [`their test splits differ: ${shared.length} examples in common, of ${sizes[0]} and ${sizes[1]}`]
    : []
  return Result.succeed({ shared, remarks: [...a.success.problems, ...b.success.problems, ...partly] })
})

type TestResult = Result.Result<Tested, string>

const testModels = Effect.fnUntraced(function* (first: Unit, second: Unit, read: ReadAnswers) {
  const [a, b] = [first.seeds[0], second.seeds[0]]
  const examples = yield* paired([a], [b], read)
  if (Result.isFailure(examples)) return Result.fail(examples.failure) as TestResult
  const { remarks, shared } = examples.success
  const onlyFirst = shared.filter((example) => example.first > example.second)
  const onlySecond = shared.filter((example) => example.second > example.first)
  const difference = mcnemar(onlyFirst.length, onlySecond.length, shared.length)
  const sameRecipe = Equal.equals({ ...a.header.experiment, seed: 0 }, { ...b.header.experiment, seed: 0 })
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
      ...(sameRecipe
        ? []
        : ["this compares two trained models; other seeds of the experiments may give another result"]),
    ],
  })
})

const errorsOf = (members: ReadonlyArray<Member>) =>
  members.flatMap(({ figures }) => (figures.testError === null ? [] : [figures.testError.value]))

/** The same difference with the sides exchanged. */
export const negated = ({ high, low, p, value }: Difference): Difference => ({
  value: -value,
  low: -high,
  high: -low,
  p,
})

/** Paired where every seed of one side is among the other's; the sides' seeds may then share their luck. */
const overSeeds = (first: Unit, second: Unit) => {
  const [fewer, more] =
    first.seeds.length <= second.seeds.length ? [first.seeds, second.seeds] : [second.seeds, first.seeds]
  if (fewer.length === 1) {
    const single = singleDifference(errorsOf(more), errorsOf(fewer)[0])
    return {
      method: `t test of one seed against ${more.length}, assuming equal variances`,
      difference: fewer === second.seeds ? single : negated(single),
    }
  }
  const seedsOf = (members: ReadonlyArray<Member>) => new Set(members.map(({ figures }) => figures.seed))
  if (seedsOf(fewer).isSubsetOf(seedsOf(more))) {
    const second_ = new Map(second.seeds.map(({ figures }) => [figures.seed, figures.testError?.value]))
    const differences = first.seeds.flatMap(({ figures }) => {
      const other = second_.get(figures.seed)
      return figures.testError === null || other === undefined ? [] : [other - figures.testError.value]
    })
    return {
      method: `paired t test over ${differences.length} seeds`,
      difference: pairedDifference(differences),
    }
  }
  return {
    method: `Welch's t test over ${first.seeds.length} and ${second.seeds.length} seeds, which differ`,
    difference: welchDifference(errorsOf(first.seeds), errorsOf(second.seeds)),
  }
}

const testGroups = Effect.fnUntraced(function* (first: Unit, second: Unit, read: ReadAnswers) {
  const seeds = overSeeds(first, second)
  const examples = yield* paired(first.seeds, second.seeds, read)
  if (Result.isFailure(examples)) return Result.fail(examples.failure) as TestResult
  const { remarks, shared } = examples.success
  const byExample = pairedDifference(shared.map((example) => example.first - example.second))
  const partly = Math.max(first.seeds.length, second.seeds.length) > seedsRead
  return Result.succeed<Tested>({
    method: `${seeds.method}, and a paired t test over ${shared.length} test examples`,
    difference: byExample.p > seeds.difference.p ? byExample : seeds.difference,
    parts: [
      { over: "seeds", difference: seeds.difference },
      { over: "test examples", difference: byExample },
    ],
    examples: shared.length,
    onlyFirstRight: null,
    onlySecondRight: null,
    remarks: [
      ...remarks,
      ...(partly ? [`the test over examples uses the first ${seedsRead} seeds of each group`] : []),
    ],
  })
})

/** p is corrected later, when the number of tests is known. */
export const testUnits = Effect.fn("testUnits")(function* (first: Unit, second: Unit, read: ReadAnswers) {
  const labels = { first: first.label, second: second.label }
  const untested = (reason: string) => Result.fail<Untested>({ ...labels, reason })
  for (const { label, seeds } of [first, second]) {
    if (seeds.length === 0) return untested(`${label} has no test result`)
  }
  if (!Equal.equals(first.seeds[0].figures.dataset, second.seeds[0].figures.dataset)) {
    return untested("they were tested on different datasets, so their errors cannot be compared")
  }
  const groups = first.seeds.length > 1 || second.seeds.length > 1
  const result: TestResult = yield* groups ? testGroups(first, second, read) : testModels(first, second, read)
  return Result.mapBoth(result, {
    onSuccess: (test): UnitTest => ({
      ...labels,
      ...test,
      correctedP: test.difference.p,
      significant: test.difference.p < 0.05,
    }),
    onFailure: (reason): Untested => ({ ...labels, reason }),
  })
})
