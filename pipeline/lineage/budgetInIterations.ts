/**
 * A budget in iterations: (run directory, experiment on the data that the run validated) -> iterations. A budget in epochs needs
 * the size of the training split, so it is undefined until the run's validate stage has finished.
 */
import { Effect, Result } from "effect"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { totalIterations } from "../../stages/train/intervals.ts"
import { readsExamples, splitDataset } from "../../stages/dataset/split.ts"
import { readValidated } from "../../storage/stageRecords.ts"

export const budgetInIterations = Effect.fn("budgetInIterations")(function* (
  runPath: string,
  { batchSize, budget, split }: Pick<Experiment, "batchSize" | "budget" | "split">,
) {
  if ("iterations" in budget) return budget.iterations
  const validated = yield* readValidated(runPath)
  if (validated === undefined) return undefined
  const { split: sizes, test, train } = validated
  if (sizes !== undefined) return totalIterations(budget, sizes.train, batchSize)
  // Older versions did not record the sizes, and had only splits by size.
  if (readsExamples(split)) return undefined
  const indices = yield* splitDataset(split, {
    trainExamples: train.examples,
    testExamples: test.examples,
  }).pipe(Effect.result)
  return Result.isSuccess(indices)
    ? totalIterations(budget, indices.success.train.length, batchSize)
    : undefined
})
