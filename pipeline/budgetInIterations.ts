/**
 * A budget as updates: (run directory, experiment on the data the run validated) -> iterations. One in epochs needs the size
 * of the train split, so it is undefined until the run's validate stage has finished.
 */
import { Effect, Path, Result, Schema } from "effect"
import { DatasetFigures } from "../schemas/Dataset.ts"
import type { Experiment } from "../schemas/Experiment.ts"
import { totalIterations } from "../stages/train/cadence.ts"
import { splitDataset } from "../stages/validate/split.ts"
import * as files from "../storage/files.ts"
import { layout } from "../storage/runDirectory.ts"

const decodeValidated = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ result: DatasetFigures })),
)

export const budgetInIterations = Effect.fn("budgetInIterations")(function* (
  runPath: string,
  { batchSize, budget, split }: Pick<Experiment, "batchSize" | "budget" | "split">,
) {
  if ("iterations" in budget) return budget.iterations
  const paths = yield* Path.Path
  const text = yield* files.readStringIfExists(paths.join(runPath, layout.stages, "validate.json"))
  if (text === undefined) return undefined
  const validated = yield* decodeValidated(text).pipe(Effect.result)
  if (Result.isFailure(validated)) return undefined
  const { test, train } = validated.success.result
  const indices = splitDataset(split, { trainExamples: train.examples, testExamples: test.examples })
  return Result.isSuccess(indices)
    ? totalIterations(budget, indices.success.train.length, batchSize)
    : undefined
})
