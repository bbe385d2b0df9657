/**
 * A run in a few figures, as `list` and `--json` give it: (run directory) -> RunSummary.
 */
import { Effect, Path, Schema } from "effect"
import type { Experiment } from "../schemas/Experiment.ts"
import { Report } from "../schemas/Report.ts"
import { iterationOf } from "../stages/checkpoint.ts"
import * as files from "../storage/files.ts"
import { layout, type Run } from "../storage/runDirectory.ts"

const decodeReport = Schema.decodeUnknownEffect(Schema.fromJsonString(Report))

/** The report of a run that has one it can show. */
export const readReport = Effect.fn("readReport")(function* (runPath: string) {
  const paths = yield* Path.Path
  const text = yield* files.readStringIfExists(paths.join(runPath, layout.report))
  if (text === undefined) return undefined
  return yield* decodeReport(text).pipe(
    Effect.catch(() =>
      Effect.as(
        Effect.logWarning(`${layout.report} of ${runPath} cannot be read; it is left out`),
        undefined,
      ),
    ),
  )
})

/** The experiment as stored, with the budget its last attempt was extended to. */
export const effectiveExperiment = ({ attempts, identity }: Run): Experiment => {
  const extended = attempts.findLast((attempt) => attempt.iterations !== null)?.iterations
  return typeof extended === "number"
    ? { ...identity.experiment, budget: { iterations: extended } }
    : identity.experiment
}

/** What a script is told of a run. */
export const describeRun = Effect.fn("describeRun")(function* (run: Run) {
  const paths = yield* Path.Path
  const report = yield* readReport(run.path)
  const checkpoints = yield* files.list(paths.join(run.path, layout.checkpoints))
  const experiment = effectiveExperiment(run)
  const last = run.attempts.at(-1)
  return {
    id: run.identity.id,
    experiment: experiment.name,
    status: run.status,
    createdAt: run.identity.createdAt,
    /** Of the newest checkpoint. */
    iteration: Math.max(0, ...checkpoints.map((file) => iterationOf(file) ?? 0)),
    /** The budget; null where it is given in epochs and not known yet. */
    iterations: report?.budget ?? ("iterations" in experiment.budget ? experiment.budget.iterations : null),
    engine: (last?.engine ?? run.identity.engine).name,
    attempts: run.attempts.length,
    testError: report?.test.error.value ?? null,
    path: run.path,
    reason: run.status === "running" ? null : (last?.outcome?.reason ?? null),
  }
})
