/**
 * What a model answered to each test example: (run directory) -> right or wrong by index, or why it is not known.
 *
 * Examples of two runs belong together by their index in the dataset, never by their place in the file: splits differ.
 */
import { Effect, Result } from "effect"
import { predictedLabels } from "../../stages/statistics.ts"
import { readPredictions } from "../predictions.ts"

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

/** A test example two models or more answered. */
export interface SharedExample {
  readonly index: number
  readonly label: number
  /** Share of the first and of the second models that are right: 0 or 1 where each is one model. */
  readonly first: number
  readonly second: number
}

/** By index in the dataset: the label and how many of the models were tested on it, and are right. */
const tally = (models: ReadonlyArray<Answers>, size: number) => {
  const label = new Int32Array(size)
  const right = new Int32Array(size)
  const seen = new Int32Array(size)
  for (const { indices, labels, predicted } of models) {
    for (let row = 0; row < indices.length; row++) {
      const index = indices[row]
      // Another label for one index: another dataset, whatever its name. Such an example is never seen by all.
      if (seen[index] > 0 && label[index] !== labels[row]) seen[index] = -models.length
      label[index] = labels[row]
      seen[index]++
      if (predicted[row] === labels[row]) right[index]++
    }
  }
  return { label, right, seen }
}

/** The examples on which every model of both sides was tested, in the order of the dataset; labels must agree. */
export const sharedExamples = (
  first: ReadonlyArray<Answers>,
  second: ReadonlyArray<Answers>,
): ReadonlyArray<SharedExample> => {
  const size =
    1 +
    [...first, ...second].reduce(
      (most, { indices }) =>
        Math.max(
          most,
          indices.reduce((a, b) => Math.max(a, b), 0),
        ),
      0,
    )
  const [a, b] = [tally(first, size), tally(second, size)]
  const shared: Array<SharedExample> = []
  for (let index = 0; index < size; index++) {
    if (a.seen[index] !== first.length || b.seen[index] !== second.length) continue
    if (a.label[index] !== b.label[index]) continue
    shared.push({
      index,
      label: a.label[index],
      first: a.right[index] / first.length,
      second: b.right[index] / second.length,
    })
  }
  return shared
}
