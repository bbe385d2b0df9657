/**
 * The report: (trained model, test split) -> how good it is, with the probabilities of every test example kept for
 * comparisons. The test split is touched here only.
 */
import { Effect } from "effect"
import type { Trainer } from "../engines/Engine.ts"
import type { Loss } from "../schemas/Experiment.ts"
import type { TestResult } from "../schemas/Report.ts"
import * as files from "../storage/files.ts"
import { encodeSafetensors } from "../storage/safetensors.ts"
import { type EvaluationSplit, evaluate } from "./evaluate.ts"
import {
  classReports,
  confusionMatrix,
  predictedLabels,
  wilsonInterval,
  worstMistakes,
} from "./statistics.ts"

const mistakesShown = 50

/** Tests the model as it stands in `trainer`; writes the probabilities to `predictions`. */
export const report = Effect.fn("report")(function* (options: {
  readonly trainer: Trainer
  readonly test: EvaluationSplit
  /** Index of each test example in its dataset, train files first. */
  readonly indices: Uint32Array
  readonly loss: Loss
  readonly predictions: string
  readonly fingerprint: string
}) {
  const { classes, examples, labels } = options.test
  const { loss, probabilities } = yield* evaluate(options.trainer, options.test, options.loss)
  yield* files.writeAtomic(
    options.predictions,
    encodeSafetensors({
      tensors: [
        { name: "probabilities", shape: [examples, classes], data: probabilities },
        { name: "labels", shape: [examples], data: Int32Array.from(labels) },
        { name: "indices", shape: [examples], data: Int32Array.from(options.indices) },
      ],
      metadata: { format: "tidemark-predictions-1", fingerprint: options.fingerprint },
    }),
  )
  const predicted = predictedLabels(probabilities, classes)
  const confusion = confusionMatrix(labels, predicted, classes)
  const right = confusion.reduce((sum, row, label) => sum + row[label], 0)
  return {
    examples,
    accuracy: wilsonInterval(right, examples),
    error: wilsonInterval(examples - right, examples),
    loss,
    classes: classReports(confusion),
    confusion,
    mistakes: worstMistakes(labels, probabilities, classes, mistakesShown),
  } satisfies TestResult
})
