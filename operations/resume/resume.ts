/** Resumes a run to its end, or further: (run, options) -> its report. */
import { Effect, Result } from "effect"
import { selectEngine } from "../../engines/select.ts"
import { threadsOf } from "../../pipeline/engineChanges.ts"
import { applyOverrides, loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { differences, renderDifferences } from "../../pipeline/lineage/difference.ts"
import { resumeRun } from "../../pipeline/resumeRun.ts"
import { engineChoiceOf, type EngineName } from "../../schemas/EngineInfo.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { withSecretsOf } from "../../stages/fetch/address.ts"
import { notAFile } from "../../schemas/Run.ts"
import { readReport } from "../../storage/report.ts"
import { effectiveExperiment, engineOf, type Run } from "../../storage/runDirectory.ts"
import { checkExtension } from "./extension.ts"
import { isWhole } from "./lost.ts"

export interface ResumeOptions {
  /** The new budget; undefined to keep the stored one. */
  readonly iterations: number | undefined
  /** Undefined: the engine of the newest attempt, with its number of threads. */
  readonly engine: EngineName | undefined
  readonly threads: number | undefined
  readonly allowEngineChange: boolean
}

/**
 * The stored experiment counts; this warns if the experiment file has changed since. Only the secrets of its addresses, which a
 * run does not store, are those of the file.
 */
const readFile = Effect.fnUntraced(function* ({ identity }: Run, stored: Experiment) {
  const { experiment, experimentFile, overrides } = identity
  if (experimentFile.path === notAFile) return stored
  const current = yield* loadExperiment(experimentFile.path, overrides).pipe(Effect.result)
  if (Result.isFailure(current)) return stored
  const dataset = withSecretsOf(stored.dataset, current.success.experiment.dataset)
  const resumed: Experiment = { ...stored, dataset }
  if (current.success.written === experimentFile.fingerprint) return resumed
  const changes = renderDifferences(differences(experiment, current.success.experiment))
  yield* Effect.logWarning(
    `${experimentFile.path} has changed since the run started; resuming with the experiment stored in the run (to train with the new one, use \`run --from\`):\n${changes}`,
  )
  return resumed
})

/** Trains a run further, on the engine it was trained on unless another one is asked for. */
const train = (
  run: Run,
  experiment: Experiment,
  { allowEngineChange, engine, iterations, threads }: ResumeOptions,
) => {
  const before = engineOf(run)
  return resumeRun(run, { experiment, extendedTo: iterations ?? null, allowEngineChange }).pipe(
    Effect.provide(selectEngine(engine ?? engineChoiceOf(before), { threads: threads ?? threadsOf(before) })),
  )
}

/** `isNew`: something was trained or tested, and the report was written. A finished run that is whole stays as it is. */
export const resumeToEnd = Effect.fn("resumeToEnd")(function* (run: Run, options: ResumeOptions) {
  const { iterations } = options
  const recorded = effectiveExperiment(run)
  if (iterations !== undefined) yield* checkExtension(run, recorded, iterations)
  const stored = yield* readFile(run, recorded)
  const isFinished = run.status === "finished" && iterations === undefined && (yield* isWhole(run))
  const finished = isFinished ? yield* readReport(run.path) : undefined
  if (finished !== undefined) return { report: finished, isNew: false }
  const experiment = iterations === undefined ? stored : applyOverrides(stored, { iterations })
  return { report: yield* train(run, experiment, options), isNew: true }
})
