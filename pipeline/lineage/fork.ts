/**
 * A new run from another's checkpoint: (parent, changed experiment) -> what to put into the new run's folder.
 *
 * What decides the variables must be the parent's (network, kind of optimizer, averaging), so that every one has its
 * value, and so must the split: another one would test the fork on what its parent was trained on. A pooled split depends on
 * the files as well, so a fork of one goes on with the files its parent had. Anything else may change. The fork goes on at
 * the parent's iteration, with the parent's rows of metrics up to there.
 */
import { Effect, Path, Schema } from "effect"
import type { Experiment } from "../../schemas/Experiment.ts"
import { Failure } from "../../schemas/Failure.ts"
import { filesOf, fingerprint } from "../../schemas/fingerprint.ts"
import type { Parent } from "../../schemas/Run.ts"
import { newestGoodCheckpoint, saveCheckpoint } from "../../stages/train/checkpoint.ts"
import * as files from "../../storage/files.ts"
import { copyMetrics } from "../../storage/metricsLog.ts"
import { effectiveExperiment, layout, type Run } from "../../storage/runDirectory.ts"
import { budgetInIterations } from "./budgetInIterations.ts"
import { differences } from "./difference.ts"
import { readFetched } from "../../storage/stageRecords.ts"

/** The parent's state cannot be this experiment's. */
export class ForkImpossible extends Failure<ForkImpossible>()("ForkImpossible", {
  exitCode: "dataError",
  fields: { run: Schema.String, reason: Schema.String },
  message: ({ reason, run }) => `no run can be forked from ${run}: ${reason}`,
}) {}

const modelOf = ({ averaging, model, optimizer }: Experiment) => ({
  model,
  optimizer: optimizer.kind,
  averaging: averaging !== undefined,
})

export const prepareFork = Effect.fn("prepareFork")(function* (run: Run, experiment: Experiment) {
  const paths = yield* Path.Path
  const impossible = (reason: string) => new ForkImpossible({ run: run.identity.id, reason })
  const [changed] = differences(modelOf(effectiveExperiment(run)), modelOf(experiment))
  if (changed !== undefined) {
    return yield* impossible(
      `${changed.path} was ${changed.before} and is ${changed.after}; the network, the kind of optimizer and whether weights are averaged must stay`,
    )
  }
  const { split } = run.identity.experiment
  const [moved] = differences({ split }, { split: experiment.split })
  if (moved !== undefined) {
    return yield* impossible(
      `${moved.path} was ${moved.before} and is ${moved.after}; with another split it would be tested, or validated, on examples it was trained on`,
    )
  }
  const pooled = split.kind === "pooled"
  const [replaced] = differences(
    { dataset: filesOf(run.identity.experiment.dataset) },
    { dataset: filesOf(experiment.dataset) },
  )
  if (pooled && replaced !== undefined) {
    return yield* impossible(
      `${replaced.path} was ${replaced.before} and is ${replaced.after}; a pooled split of other files would test it on examples it was trained on`,
    )
  }
  const fetched = paths.join(layout.stages, "fetch.json")
  if (pooled && (yield* readFetched(run.path)) === undefined) {
    return yield* impossible(
      `it has no ${fetched} that can be read, and a pooled split of other files would test it on examples it was trained on`,
    )
  }
  const record = pooled ? yield* files.readStringIfExists(paths.join(run.path, fetched)) : undefined
  const checkpoint = yield* newestGoodCheckpoint(paths.join(run.path, layout.checkpoints))
  if (checkpoint === undefined) return yield* impossible("it has no good checkpoint")
  const { iteration } = checkpoint.progress
  // Of other data the size is not known yet: train refuses a budget that has been passed.
  const budget =
    replaced === undefined || "iterations" in experiment.budget
      ? yield* budgetInIterations(run.path, experiment)
      : undefined
  if (budget !== undefined && budget <= iteration) {
    return yield* impossible(
      `it stands at iteration ${iteration} and the budget is ${budget}; give --iterations a larger number`,
    )
  }
  const { fingerprint: from, id } = run.identity
  const parent: Parent = { run: id, fingerprint: from, iteration, path: paths.resolve(run.path) }
  const print = fingerprint(experiment, parent)
  // The parent's best checkpoint stays with the parent: the fork looks for its own.
  const progress = { ...checkpoint.progress, best: null, evaluationsWithoutImprovement: 0 }
  return {
    parent,
    fingerprint: print,
    prepare: (folder: string) =>
      Effect.gen(function* () {
        yield* saveCheckpoint(paths.join(folder, layout.checkpoints), checkpoint.state, progress, print)
        yield* copyMetrics(run.path, folder, iteration)
        if (record !== undefined) yield* files.writeAtomic(paths.join(folder, fetched), record)
      }),
  }
})
