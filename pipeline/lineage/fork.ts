/**
 * A new run from the checkpoint of another run, its parent: (parent, changed experiment) -> the files that the fork starts with.
 *
 * A fork keeps its parent's network, kind of optimizer and weight averaging, so that every variable has a value in the
 * checkpoint. It keeps the split, because another split would put training examples of the parent into the test set. A
 * pooled split also depends on the files, so such a fork keeps the files of its parent. Anything else may change. The fork
 * continues the parent's iterations, with the parent's rows of metrics up to the checkpoint.
 */
import { Effect, Path, Schema } from "effect"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { Failure } from "../../schemas/Failure.ts"
import { filesOf, fingerprint } from "../../schemas/experiment/fingerprint.ts"
import type { Parent } from "../../schemas/Run.ts"
import { newestGoodCheckpoint, saveCheckpoint } from "../../stages/train/checkpoint.ts"
import * as files from "../../storage/files.ts"
import { copyMetrics } from "../../storage/metricsLog.ts"
import { effectiveExperiment, layout, type Run } from "../../storage/runDirectory.ts"
import { budgetInIterations } from "./budgetInIterations.ts"
import { type Difference, differences } from "./difference.ts"
import { readFetched } from "../../storage/stageRecords.ts"
import { count } from "../../format/numbers.ts"

/** The checkpoint of the parent does not fit the experiment, or the fork would be tested on training examples. */
export class ForkImpossible extends Failure<ForkImpossible>()("ForkImpossible", {
  exitCode: "dataError",
  fields: { run: Schema.String, reason: Schema.String },
  message: ({ reason, run }) => `cannot fork ${run}: ${reason}`,
}) {}

const modelOf = ({ averaging, model, optimizer }: Experiment) => ({
  model,
  optimizer: optimizer.kind,
  averaging: averaging !== undefined,
})

const foundInstead = ({ after, before, path }: Difference) => `found ${path} ${after}, expected ${before}`

/** The first difference between the files of the two datasets. */
const replacedFile = (before: Experiment, after: Experiment) =>
  differences({ dataset: filesOf(before.dataset) }, { dataset: filesOf(after.dataset) }).at(0)

/** What the experiment changes although a fork must keep it, and why; undefined if it changes nothing of that. */
const forbiddenChange = (run: Run, experiment: Experiment): string | undefined => {
  const before = run.identity.experiment
  const [model] = differences(modelOf(effectiveExperiment(run)), modelOf(experiment))
  if (model !== undefined) {
    return `${foundInstead(model)}; a fork keeps the network, the kind of optimizer and weight averaging`
  }
  const [split] = differences({ split: before.split }, { split: experiment.split })
  if (split !== undefined) {
    return `${foundInstead(split)}; with another split it would be tested or validated on its parent's training examples`
  }
  const file = before.split.kind === "pooled" ? replacedFile(before, experiment) : undefined
  if (file !== undefined) {
    return `${foundInstead(file)}; a pooled split of other files would test it on its parent's training examples`
  }
  return undefined
}

export const prepareFork = Effect.fn("prepareFork")(function* (run: Run, experiment: Experiment) {
  const paths = yield* Path.Path
  const impossible = (reason: string) => new ForkImpossible({ run: run.identity.id, reason })
  const change = forbiddenChange(run, experiment)
  if (change !== undefined) return yield* impossible(change)
  const before = run.identity.experiment
  const isPooled = before.split.kind === "pooled"
  const fetched = paths.join(layout.stages, "fetch.json")
  if (isPooled && (yield* readFetched(run.path)) === undefined) {
    return yield* impossible(
      `${fetched} is missing or damaged, so the files of its pooled split are unknown; restore the file, or train from scratch, without --from`,
    )
  }
  const record = isPooled ? yield* files.readStringIfExists(paths.join(run.path, fetched)) : undefined
  const checkpoint = yield* newestGoodCheckpoint(paths.join(run.path, layout.checkpoints))
  if (checkpoint === undefined)
    return yield* impossible("found no valid checkpoint; train from scratch, without --from")
  const { iteration } = checkpoint.progress
  // The size of other data is unknown before validate has read it: train checks the budget then.
  const budget =
    replacedFile(before, experiment) === undefined || "iterations" in experiment.budget
      ? yield* budgetInIterations(run.path, experiment)
      : undefined
  if (budget !== undefined && budget <= iteration) {
    return yield* impossible(
      `found a budget of ${count(budget)} iterations, expected more than the ${count(iteration)} of its checkpoint; set a larger --iterations`,
    )
  }
  const { fingerprint: ofParent, id } = run.identity
  const parent: Parent = { run: id, fingerprint: ofParent, iteration, path: paths.resolve(run.path) }
  const ofFork = fingerprint(experiment, parent)
  // The parent's best checkpoint stays with the parent: the fork selects its own.
  const progress = { ...checkpoint.progress, best: null, evaluationsWithoutImprovement: 0 }
  return {
    parent,
    fingerprint: ofFork,
    prepare: (folder: string) =>
      Effect.gen(function* () {
        yield* saveCheckpoint(paths.join(folder, layout.checkpoints), checkpoint.state, progress, ofFork)
        yield* copyMetrics(run.path, folder, iteration)
        if (record !== undefined) yield* files.writeAtomic(paths.join(folder, fetched), record)
      }),
  }
})
