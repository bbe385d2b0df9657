/** Whether a run may be trained up to another iteration: (run, stored experiment, iterations) -> void, or why not. */
import { Effect, Path, Schema } from "effect"
import { quoted } from "../../format/quoted.ts"
import { runArgument } from "../../format/runArgument.ts"
import { newestIteration } from "../../inspect/summary.ts"
import { budgetInIterations } from "../../pipeline/lineage/budgetInIterations.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { Failure } from "../../schemas/Failure.ts"
import { dependsOnBudget } from "../../stages/train/learningRate.ts"
import { findNeededRuns } from "../../storage/removal.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { program } from "../../format/program.ts"

/** A run cannot be extended without losing what was trained so far, or what others rely on. */
export class BudgetFixed extends Failure<BudgetFixed>()("BudgetFixed", {
  exitCode: "dataError",
  fields: {
    run: Schema.String,
    reason: Schema.String,
    /** The command to use instead, without `pnpm pipeline`. */
    instead: Schema.String,
  },
  message: ({ instead, reason, run }) =>
    `cannot change the budget of ${run}: ${reason}; start a new run with \`${program} ${instead}\``,
}) {}

/** Fails if a run cannot be trained up to `iterations`. */
export const checkExtension = Effect.fnUntraced(function* (run: Run, stored: Experiment, iterations: number) {
  const paths = yield* Path.Path
  const fixed = (reason: string, instead = "run FILE") =>
    new BudgetFixed({ run: run.identity.id, reason, instead })
  const { learningRate } = stored.optimizer
  if (dependsOnBudget(learningRate)) {
    return yield* fixed(`its ${learningRate.kind} learning rate depends on the number of iterations`)
  }
  const budget = (yield* budgetInIterations(run.path, stored)) ?? 0
  const trained = yield* newestIteration(run.path)
  if (iterations < Math.max(budget, trained)) {
    const least = budget < trained ? `the ${trained} iterations trained` : `its budget of ${budget}`
    return yield* fixed(`found --iterations ${iterations}, expected at least ${least}`)
  }
  const needed = (yield* findNeededRuns(paths.dirname(run.path))).get(run.identity.id)
  if (needed !== undefined) {
    const fork = `run FILE --from ${quoted(runArgument(run.path))} --iterations ${iterations}`
    return yield* fixed(`it is ${needed.reason}, and must stay as it was tested`, fork)
  }
})
