/**
 * Trains one part of a sweep up to its barrier: (sweep, part) -> what was measured there.
 *
 * Trials are ordinary runs, found by the fingerprints of their experiments. A run that is far enough is used as it is, an
 * interrupted or paused one is resumed from its checkpoint, and the others are started. No run is tested before the sweep
 * has a winner: a trial pauses when its training has ended.
 */
import { basename } from "node:path"
import { Effect, type FileSystem, Path } from "effect"
import { newestIteration } from "../../inspect/summary.ts"
import type { PausePoint } from "../../pipeline/CurrentRun.ts"
import { resumeHint } from "../../pipeline/resumeHint.ts"
import type { EngineChoice } from "../../schemas/EngineChoice.ts"
import type { Device, EngineName } from "../../schemas/EngineInfo.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import type { Assignment } from "../../schemas/Sweep.ts"
import { iterationOf } from "../../stages/train/checkpoint.ts"
import { claimTraining } from "../../storage/ensembles.ts"
import { readMetrics } from "../../storage/metricsLog.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { readTrained, readValidated } from "../../storage/stageRecords.ts"
import { readReport } from "../../storage/report.ts"
import { findRunsOf } from "../findRuns.ts"
import { type Target, trainTo } from "../trainTo.ts"
import { barrierOf, evaluationAt, objectiveOf } from "./barriers.ts"
import { type Measurement, type Part, planOf } from "./decide.ts"
import { nameOfTrial } from "./describe.ts"
import { decodeTrial, type Sweep } from "./sweepFile.ts"

export interface SweepOptions {
  readonly engine: EngineName
  /** Where a run is resumed if the engine is left open; absent: on the device that trained it. */
  readonly device?: Device | undefined
  readonly threads: number | undefined
  /** What "auto" is for the runs of this sweep. */
  readonly choice?: EngineChoice | undefined
  readonly runsDir: string
  readonly dataDir: string
  /** The words after `pnpm pipeline` that resume after an interruption. */
  readonly resumeWith: ReadonlyArray<string>
  /** Called with the folder of each run that was tested, to write its page. */
  readonly onTested: (path: string) => Effect.Effect<void, never, FileSystem.FileSystem | Path.Path>
}

/** A part, or the whole of a run with its test. */
export interface Work extends Part {
  readonly isTested: boolean
}

interface Training {
  readonly sweep: Sweep
  readonly work: Work
  readonly experiment: Experiment
  readonly fingerprint: string
  /** The iteration of the barrier; null at the end of the budget. */
  readonly barrier: number | null
}

/** `parameters`: those of the trial; the base has none. */
export const prepareWork = Effect.fnUntraced(function* (
  sweep: Sweep,
  work: Work,
  parameters: Assignment | undefined,
) {
  const { base, name } = sweep.definition
  if (work.trial !== "base" && parameters === undefined)
    return yield* Effect.die(new Error(`trial ${work.trial} of sweep ${name} was never drawn`))
  const experiment =
    parameters === undefined
      ? { ...base, name, seed: work.seed }
      : yield* decodeTrial(sweep, parameters, work.seed)
  const barrier = barrierOf(experiment, planOf(sweep.definition).shares[work.rung] ?? 1)
  return {
    sweep,
    work,
    experiment,
    fingerprint: fingerprint(experiment),
    barrier,
  } satisfies Training as Training
})

/** The evaluation at the barrier; undefined if the run is not so far. */
const findEvaluation = Effect.fnUntraced(function* ({ barrier, experiment }: Training, run: Run) {
  const trained = yield* readTrained(run.path)
  if (trained === undefined && (barrier === null || (yield* newestIteration(run.path)) < barrier)) {
    return undefined
  }
  const rows = yield* readMetrics(run.path)
  if (barrier !== null) return evaluationAt(experiment, rows, barrier)
  const tested = trained === undefined ? undefined : iterationOf(basename(trained.checkpoint))
  const atCheckpoint = rows.find(({ iteration, split }) => split === "validation" && iteration === tested)
  return atCheckpoint?.split === "validation"
    ? atCheckpoint
    : evaluationAt(experiment, rows, Number.POSITIVE_INFINITY)
})

/**
 * Why training failed in a way that it would fail again: it diverged, or the engine cannot compute it. Undefined for
 * anything else, such as data that cannot be had.
 */
const findFailure = Effect.fnUntraced(function* ({ attempts, path }: Run) {
  const outcome = attempts.at(-1)?.outcome
  if (outcome?.status !== "failed") return undefined
  const isOfTrial = outcome.exitCode === exitCodes.dataError || outcome.exitCode === exitCodes.software
  return isOfTrial && (yield* readValidated(path)) !== undefined ? (outcome.reason ?? "unknown") : undefined
})

/** What is known of a part from the runs that exist; undefined if it has to be trained. */
export const findMeasurement = Effect.fn("findMeasurement")(function* (
  training: Training,
  runs: ReadonlyArray<Run>,
) {
  const { sweep, work } = training
  const { rung, seed, trial } = work
  const about = { trial, seed, rung }
  for (const run of runs) {
    if (work.isTested && (run.status !== "finished" || (yield* readReport(run.path)) === undefined)) continue
    const found = yield* findEvaluation(training, run)
    if (found === undefined) continue
    const value = objectiveOf(sweep.definition.objective, found)
    const { iteration } = found
    return {
      record: "measured",
      ...about,
      run: run.identity.id,
      iteration,
      value,
    } satisfies Measurement as Measurement
  }
  for (const run of runs) {
    const reason = yield* findFailure(run)
    if (reason === undefined) continue
    return { record: "failed", ...about, run: run.identity.id, reason } satisfies Measurement as Measurement
  }
  return undefined
})

export const findWork = Effect.fnUntraced(function* (training: Training, { runsDir }: SweepOptions) {
  const runs = yield* findRunsOf(runsDir, training.fingerprint)
  return { runs, found: yield* findMeasurement(training, runs) }
})

const pauseOf = ({ barrier, work }: Training): PausePoint | undefined =>
  work.isTested ? undefined : (barrier ?? "trained")

/** The run of a part, and how far it is trained. */
export const targetOf = (training: Training): Target => ({
  experiment: training.experiment,
  fingerprint: training.fingerprint,
  file: { path: training.sweep.path, fingerprint: fingerprint(training.sweep.definition.base) },
  overrides: {},
  pauseAt: pauseOf(training),
})

/** Trains a part if no run is far enough. A failure of the trial itself is a result; others are errors. */
export const trainWork = Effect.fn("trainWork")(function* (training: Training, options: SweepOptions) {
  const { sweep, work } = training
  const known = yield* findWork(training, options)
  if (known.found !== undefined) return known.found
  const what = `${nameOfTrial(work.trial)} of sweep ${sweep.definition.name}, seed ${work.seed}`
  yield* claimTraining(options.runsDir, what, training.fingerprint)
  // Another process may have trained it while it held the claim.
  const { found, runs } = yield* findWork(training, options)
  if (found !== undefined) return found
  const ended = yield* trainTo(targetOf(training), runs, { ...options, onOtherEngine: "restart" }).pipe(
    resumeHint(...options.resumeWith),
    Effect.result,
  )
  const after = yield* findWork(training, options)
  if (after.found === undefined) {
    if (ended._tag === "Failure") return yield* Effect.fail(ended.failure)
    return yield* Effect.die(new Error(`${what} was trained, but has no evaluation`))
  }
  const measuredRun = after.runs.find(({ identity }) => identity.id === after.found?.run)
  if (work.isTested && measuredRun !== undefined) yield* options.onTested(measuredRun.path)
  return after.found
}, Effect.scoped)
