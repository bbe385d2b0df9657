/**
 * The predicted class of each test example: (run directory) -> labels and predictions by index, or why there are
 * none.
 *
 * Examples of two runs are matched by their index in the dataset, never by their position in the file, because splits
 * differ.
 */
import { Effect, Result } from "effect"
import { predictedLabels } from "../../stages/statistics/proportions.ts"
import { readPredictions } from "../../storage/predictions.ts"

export interface TestPredictions {
  /** Index in the dataset, training files first, of each test example. */
  readonly indices: Int32Array
  readonly labels: Int32Array
  readonly predicted: Int32Array
}

/** Fails with the reason if the run has no predictions. */
export const readTestPredictions = (runPath: string) =>
  Effect.map(readPredictions(runPath), (read) =>
    Result.map(read, ({ classes, indices, labels, probabilities }): TestPredictions => ({
      indices,
      labels,
      predicted: predictedLabels(probabilities, classes),
    })),
  )

export type ReadTestPredictions = typeof readTestPredictions

/** Reads the predictions of these runs, which every comparison needs, only once. */
export const cachePredictions = (cached: ReadonlySet<string>): ReadTestPredictions => {
  const known = new Map<string, Result.Result<TestPredictions, string>>()
  return (runPath) =>
    Effect.suspend(() => {
      const found = known.get(runPath)
      if (found !== undefined) return Effect.succeed(found)
      return Effect.tap(readTestPredictions(runPath), (read) =>
        Effect.sync(() => cached.has(runPath) && known.set(runPath, read)),
      )
    })
}

/** A test example that several models predicted. */
export interface SharedExample {
  readonly index: number
  readonly label: number
  /** The share of the first and of the second models that are right: 0 or 1 for a single model. */
  readonly first: number
  readonly second: number
}

/** The range of indices that occur. A test split is a small part of its dataset. */
const rangeOf = (models: ReadonlyArray<TestPredictions>) => {
  let [from, until] = [Number.MAX_SAFE_INTEGER, 0]
  for (const { indices } of models) {
    for (const index of indices) {
      from = Math.min(from, index)
      until = Math.max(until, index + 1)
    }
  }
  return { from, size: Math.max(0, until - from) }
}

/** By index minus `from`: the label, how many models were tested on the example, and how many are right. */
const tally = (models: ReadonlyArray<TestPredictions>, from: number, size: number) => {
  const label = new Int32Array(size)
  const right = new Int32Array(size)
  const tested = new Int32Array(size)
  for (const { indices, labels, predicted } of models) {
    for (let row = 0; row < indices.length; row++) {
      const at = indices[row] - from
      // Another label for the same index: another dataset, whatever its name. This example never counts as tested by
      // all.
      if (tested[at] > 0 && label[at] !== labels[row]) tested[at] = -models.length
      label[at] = labels[row]
      tested[at]++
      if (predicted[row] === labels[row]) right[at]++
    }
  }
  return { label, right, tested }
}

/** The examples on which every model of both sides was tested, with equal labels, in the order of the dataset. */
export const sharedExamples = (
  first: ReadonlyArray<TestPredictions>,
  second: ReadonlyArray<TestPredictions>,
): ReadonlyArray<SharedExample> => {
  const { from, size } = rangeOf([...first, ...second])
  const [a, b] = [tally(first, from, size), tally(second, from, size)]
  const shared: Array<SharedExample> = []
  for (let at = 0; at < size; at++) {
    if (a.tested[at] !== first.length || b.tested[at] !== second.length) continue
    if (a.label[at] !== b.label[at]) continue
    shared.push({
      index: from + at,
      label: a.label[at],
      first: a.right[at] / first.length,
      second: b.right[at] / second.length,
    })
  }
  return shared
}
