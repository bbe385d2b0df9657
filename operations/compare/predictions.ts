/**
 * What a model answered to each test example: (run directory) -> right or wrong by index, or why it is not known.
 *
 * Examples of two runs belong together by their index in the dataset, never by their place in the file: splits differ.
 */
import { Effect, Result } from "effect"
import { predictedLabels } from "../../stages/statistics/proportions.ts"
import { readPredictions } from "../../storage/predictions.ts"

export interface Answers {
  /** Index in the dataset, train files first, of each test example. */
  readonly indices: Int32Array
  readonly labels: Int32Array
  readonly predicted: Int32Array
}

/** The answers of a run, or the problem in words. */
export const readAnswers = (runPath: string) =>
  Effect.map(readPredictions(runPath), (read) =>
    Result.map(read, ({ classes, indices, labels, probabilities }): Answers => ({
      indices,
      labels,
      predicted: predictedLabels(probabilities, classes),
    })),
  )

export type ReadAnswers = typeof readAnswers

/** Reads the answers of some runs, those that every test needs, only once. */
export const rememberAnswers = (remembered: ReadonlySet<string>): ReadAnswers => {
  const known = new Map<string, Result.Result<Answers, string>>()
  return (runPath) =>
    Effect.suspend(() => {
      const found = known.get(runPath)
      if (found !== undefined) return Effect.succeed(found)
      return Effect.tap(readAnswers(runPath), (read) =>
        Effect.sync(() => remembered.has(runPath) && known.set(runPath, read)),
      )
    })
}

/** A test example two models or more answered. */
export interface SharedExample {
  readonly index: number
  readonly label: number
  /** Share of the first and of the second models that are right: 0 or 1 where each is one model. */
  readonly first: number
  readonly second: number
}

/** The indices that answers are about: [from, until). A test split is a small part of its dataset. */
const rangeOf = (models: ReadonlyArray<Answers>) => {
  let [from, until] = [Number.MAX_SAFE_INTEGER, 0]
  for (const { indices } of models) {
    for (const index of indices) {
      from = Math.min(from, index)
      until = Math.max(until, index + 1)
    }
  }
  return { from, size: Math.max(0, until - from) }
}

/** By index less `from`: the label and how many of the models were tested on it, and are right. */
const tally = (models: ReadonlyArray<Answers>, from: number, size: number) => {
  const label = new Int32Array(size)
  const right = new Int32Array(size)
  const seen = new Int32Array(size)
  for (const { indices, labels, predicted } of models) {
    for (let row = 0; row < indices.length; row++) {
      const at = indices[row] - from
      // Another label for one index: another dataset, whatever its name. Such an example is never seen by all.
      if (seen[at] > 0 && label[at] !== labels[row]) seen[at] = -models.length
      label[at] = labels[row]
      seen[at]++
      if (predicted[row] === labels[row]) right[at]++
    }
  }
  return { label, right, seen }
}

/** The examples on which every model of both sides was tested, in the order of the dataset; labels must agree. */
export const sharedExamples = (
  first: ReadonlyArray<Answers>,
  second: ReadonlyArray<Answers>,
): ReadonlyArray<SharedExample> => {
  const { from, size } = rangeOf([...first, ...second])
  const [a, b] = [tally(first, from, size), tally(second, from, size)]
  const shared: Array<SharedExample> = []
  for (let at = 0; at < size; at++) {
    if (a.seen[at] !== first.length || b.seen[at] !== second.length) continue
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
