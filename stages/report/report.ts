/**
 * The report stage: (trained model, test split) -> test metrics, and a file with the probabilities of every test example,
 * which comparisons read. No other stage evaluates the test split.
 */
import { Effect } from "effect"
import type { Trainer } from "../../engines/Engine.ts"
import type { Loss } from "../../schemas/experiment/Experiment.ts"
import * as files from "../../storage/files.ts"
import { encodePredictions } from "../../storage/predictions.ts"
import { type EvaluationSplit, evaluate } from "../evaluate/evaluate.ts"
import type { OwnMetrics } from "../train/measure.ts"
import { NonFiniteLoss } from "../train/NonFiniteLoss.ts"
import { testMetrics } from "../evaluate/testMetrics.ts"

/** Tests the model whose state is in `trainer` and writes the probabilities to the file `predictions`. */
export const report = Effect.fn("report")(function* (options: {
  readonly trainer: Trainer
  readonly test: EvaluationSplit
  /** Updates of the model so far. */
  readonly iteration: number
  /** Index of each test example in its dataset, train files first. */
  readonly indices: Uint32Array
  readonly loss: Loss
  readonly predictions: string
  readonly fingerprint: string
  readonly ownMetrics?: OwnMetrics | undefined
}) {
  const { fingerprint, indices, loss } = options
  const { classes, labels } = options.test
  const evaluation = yield* evaluate(options.trainer, options.test, loss)
  if (!Number.isFinite(evaluation.loss)) {
    return yield* new NonFiniteLoss({
      iteration: options.iteration,
      found: `the test loss is ${evaluation.loss}`,
    })
  }
  const { probabilities } = evaluation
  const predictions = {
    probabilities,
    classes,
    labels: Int32Array.from(labels),
    indices: Int32Array.from(indices),
  }
  yield* files.writeAtomic(options.predictions, encodePredictions(predictions, fingerprint))
  const metrics = yield* options.ownMetrics?.({ probabilities, labels, classes }) ?? Effect.undefined
  return {
    ...testMetrics(labels, probabilities, classes, evaluation.loss),
    ...(metrics === undefined ? {} : { metrics }),
  }
})
