/**
 * The predictions of a run for its test examples, each with a key that does not depend on the dataset's version: (run
 * directory) -> KeyedPredictions.
 *
 * `predictions.safetensors` counts examples through the train file and then the test file. If training data is added
 * between two runs, the same test image has another index. A key is the digests of the example's files and its
 * position in them: equal keys are the same image with the same label, whatever else of the dataset changed.
 */
import { Effect, Path, Result } from "effect"
import type { FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { readPredictions } from "../../storage/predictions.ts"
import { readReport } from "../../storage/report.ts"
import { readFetched } from "../../storage/stageRecords.ts"

export interface KeyedPredictions {
  /** Digests and position of each test example. */
  readonly keys: ReadonlyArray<string>
  readonly labels: Int32Array
  readonly classes: number
  /** [examples, classes] */
  readonly probabilities: Float32Array
}

/** index in the dataset -> key */
export const exampleKey = ({ files }: FetchedDataset, trainExamples: number) => {
  const train = `${files.trainImages.sha256}+${files.trainLabels.sha256}:`
  const test = `${files.testImages.sha256}+${files.testLabels.sha256}:`
  return (index: number) => (index < trainExamples ? `${train}${index}` : `${test}${index - trainExamples}`)
}

/** Fails with the reason if the run has no valid predictions. */
export const readKeyedPredictions = Effect.fn("readKeyedPredictions")(function* (runPath: string) {
  const paths = yield* Path.Path
  const fail = (problem: string) => Result.fail(`${paths.basename(runPath)} ${problem}`)
  const report = yield* readReport(runPath)
  const fetched = yield* readFetched(runPath)
  if (report === undefined) return fail("has no report")
  if (fetched === undefined) return fail("has no record of its dataset")
  const predictions = yield* readPredictions(runPath)
  if (Result.isFailure(predictions)) return fail(`cannot be judged: ${predictions.failure}`)
  const { classes, indices, labels, probabilities } = predictions.success
  const keys = Array.from(indices, exampleKey(fetched, report.dataset.train.examples))
  return Result.succeed<KeyedPredictions>({ keys, labels, classes, probabilities })
})

/** Whether two models made bit-identical predictions for the same examples. */
export const areIdentical = (a: KeyedPredictions, b: KeyedPredictions): boolean =>
  a.keys.length === b.keys.length &&
  a.keys.every((key, i) => key === b.keys[i]) &&
  a.probabilities.every((value, i) => value === b.probabilities[i])
