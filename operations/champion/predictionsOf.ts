/**
 * What a run answered to its test examples, each known by its file and place in it: (run directory) -> Answers.
 *
 * `predictions.safetensors` counts examples through the train file and then the test file. Where more training data came
 * in between two nights the same test image has another number, so examples are matched by the digests of their files and
 * their place in them: equal keys are the same image with the same label, whatever else of the dataset changed.
 */
import { Effect, Path, Result } from "effect"
import type { FetchedDataset } from "../../schemas/Dataset.ts"
import { readPredictions } from "../../storage/predictions.ts"
import { readReport } from "../../storage/report.ts"
import { readFetched } from "../../storage/stageRecords.ts"

export interface Answers {
  /** Digests and place of each test example. */
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

/** The answers of a run, or in words why they are not known. */
export const readAnswers = Effect.fn("readAnswers")(function* (runPath: string) {
  const paths = yield* Path.Path
  const missing = (problem: string) => Result.fail(`${paths.basename(runPath)} ${problem}`)
  const report = yield* readReport(runPath)
  const fetched = yield* readFetched(runPath)
  if (report === undefined) return missing("has no report")
  if (fetched === undefined) return missing("has no record of its dataset")
  const predictions = yield* readPredictions(runPath)
  if (Result.isFailure(predictions)) return missing(`cannot be judged: ${predictions.failure}`)
  const { classes, indices, labels, probabilities } = predictions.success
  const keyOf = exampleKey(fetched, report.dataset.train.examples)
  return Result.succeed<Answers>({
    keys: Array.from(indices, keyOf),
    labels,
    classes,
    probabilities,
  })
})
