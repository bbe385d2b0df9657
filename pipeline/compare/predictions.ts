/**
 * What a model answered to each test example: (run directory) -> right or wrong by index, or why it is not known.
 *
 * Examples of two runs belong together by their index in the dataset, never by their place in the file: splits differ.
 */
import { Effect, Path, Result } from "effect"
import { argmax } from "../../stages/statistics.ts"
import * as files from "../../storage/files.ts"
import { layout } from "../../storage/runDirectory.ts"
import { decodeSafetensors } from "../../storage/safetensors.ts"

export interface Answers {
  /** Index in the dataset, train files first, of each test example. */
  readonly indices: Int32Array
  readonly labels: Int32Array
  readonly predicted: Int32Array
}

/** The answers of a run, or the problem in words. */
export const readAnswers = Effect.fnUntraced(
  function* (runPath: string) {
    const paths = yield* Path.Path
    const path = paths.join(runPath, layout.predictions)
    if (!(yield* files.exists(path))) return Result.fail(`it has no ${layout.predictions}`)
    const bytes = yield* files.read(path)
    return Result.flatMap(
      Result.mapError(
        decodeSafetensors(bytes),
        (error) => `its ${layout.predictions} is damaged: ${error.message}`,
      ),
      ({ tensors }): Result.Result<Answers, string> => {
        const named = (name: string) => tensors.find((tensor) => tensor.name === name)
        const probabilities = named("probabilities")
        const [indices, labels] = [named("indices")?.data, named("labels")?.data]
        if (
          !(
            probabilities?.data instanceof Float32Array &&
            indices instanceof Int32Array &&
            labels instanceof Int32Array
          )
        ) {
          return Result.fail(`its ${layout.predictions} has no probabilities, labels and indices`)
        }
        const [examples, classes] = probabilities.shape
        if (indices.length !== examples || labels.length !== examples) {
          return Result.fail(
            `its ${layout.predictions} has ${examples} answers to ${indices.length} examples`,
          )
        }
        const { data } = probabilities
        const predicted = Int32Array.from(labels, (_, row) => argmax(data, row, classes))
        return Result.succeed({ indices, labels, predicted })
      },
    )
  },
  (effect) => Effect.catch(effect, (error) => Effect.succeed(Result.fail(error.message))),
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
