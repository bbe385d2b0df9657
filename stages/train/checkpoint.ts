/**
 * Checkpoints: the whole state after an iteration, and where the train loop stands.
 *
 * `iteration-00001000.safetensors` holds every variable (the optimizer's too) and, as metadata, the progress. A file is
 * verified by its digest before it is used; the newest one that verifies is where a resume goes on. Kept: the newest
 * few and the best.
 */
import { Effect, Path, Result, Schema } from "effect"
import type { State } from "../../engines/Engine.ts"
import { TrainProgress } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/Experiment.ts"
import { Failure } from "../../schemas/Failure.ts"
import { Parent } from "../../schemas/Run.ts"
import * as files from "../../storage/files.ts"
import { decodeSafetensors, encodeSafetensors } from "../../storage/safetensors.ts"
import { isDue } from "./intervals.ts"
import { nonFiniteIn } from "./NonFiniteLoss.ts"

export interface Checkpoint {
  /** File name in the run's checkpoints folder. */
  readonly file: string
  /** Of the experiment it was trained for, with the budget at the time. */
  readonly fingerprint: string
  readonly progress: TrainProgress
  readonly state: State
}

/** A checkpoint that must be read is not what was written, or not there. */
export class CheckpointDamaged extends Failure<CheckpointDamaged>()("CheckpointDamaged", {
  exitCode: "dataError",
  fields: { checkpoint: Schema.String, problem: Schema.String },
  message: ({ checkpoint, problem }) =>
    `checkpoint ${checkpoint} cannot be used: ${problem}; \`resume\` makes a run's tested checkpoint again, from the one before it`,
}) {}

/** Training to a budget that was passed would start over and delete what was reached. */
export class BudgetPassed extends Failure<BudgetPassed>()("BudgetPassed", {
  exitCode: "dataError",
  fields: { iteration: Schema.Int, budget: Schema.Int },
  message: ({ budget, iteration }) =>
    `the budget is ${budget} iterations, and there is a checkpoint of iteration ${iteration}: nothing was changed; give --iterations a number that is not below it`,
}) {}

/** A forked run began with what its parent had learnt: from its first iteration it would be another one. */
export class ForkNotRepeatable extends Failure<ForkNotRepeatable>()("ForkNotRepeatable", {
  exitCode: "dataError",
  fields: { parent: Parent },
  message: ({ parent }) => {
    const { iteration, run } = parent
    return `found no good checkpoint to go on from, expected one of iteration ${iteration} or later: the run was forked there from ${run}, and cannot begin anew by itself; fork it again with \`pnpm pipeline run FILE --from ${run}\``
  },
}) {}

export const checkpointFile = (iteration: number) =>
  `iteration-${String(iteration).padStart(8, "0")}.safetensors`

/** The iteration of a checkpoint's file name; undefined for any other name. */
export const iterationOf = (file: string): number | undefined => {
  const digits = /^iteration-(\d{8,})\.safetensors$/.exec(file)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const ProgressText = Schema.fromJsonString(TrainProgress)
const decodeProgress = Schema.decodeUnknownResult(ProgressText)
const encodeProgress = Schema.encodeSync(ProgressText)

/** Writes a checkpoint; it is on the disk, whole, when this returns. */
export const saveCheckpoint = Effect.fn("saveCheckpoint")(function* (
  folder: string,
  state: State,
  progress: TrainProgress,
  fingerprint: string,
) {
  const paths = yield* Path.Path
  const file = checkpointFile(progress.iteration)
  const bytes = encodeSafetensors({
    tensors: state,
    metadata: { format: "tidemark-checkpoint-1", fingerprint, progress: encodeProgress(progress) },
  })
  yield* files.writeAtomic(paths.join(folder, file), bytes)
  return file
})

/** Reads and verifies one checkpoint: its content, or in a line why it is no good. */
export const loadCheckpoint = Effect.fn("loadCheckpoint")(function* (folder: string, file: string) {
  const paths = yield* Path.Path
  const bytes = yield* files.readIfExists(paths.join(folder, file))
  if (bytes === undefined) return Result.fail("it is not there (any more)")
  const decoded = decodeSafetensors(bytes)
  if (Result.isFailure(decoded)) return Result.fail(decoded.failure.message)
  const progress = decodeProgress(decoded.success.metadata.progress)
  if (Result.isFailure(progress)) return Result.fail("it holds no train progress")
  const state: Array<State[number]> = []
  for (const { data, name, shape } of decoded.success.tensors) {
    if (!(data instanceof Float32Array)) return Result.fail(`${name} is not float32`)
    state.push({ name, shape, data })
  }
  const nonFinite = nonFiniteIn(state)
  if (nonFinite !== undefined) return Result.fail(nonFinite)
  const { fingerprint = "" } = decoded.success.metadata
  return Result.succeed({ file, fingerprint, progress: progress.success, state } satisfies Checkpoint)
})

const newestFirst = Effect.fnUntraced(function* (folder: string) {
  return (yield* files.list(folder))
    .map((file) => ({ file, iteration: iterationOf(file) }))
    .filter((c): c is { file: string; iteration: number } => c.iteration !== undefined)
    .sort((a, b) => b.iteration - a.iteration)
})

/** The newest checkpoint that verifies, in a folder that is only looked at; undefined when there is none. */
export const newestGoodCheckpoint = Effect.fn("newestGoodCheckpoint")(function* (
  folder: string,
  /** Only of iterations before this one. */
  before = Number.POSITIVE_INFINITY,
) {
  for (const { file, iteration } of yield* newestFirst(folder)) {
    if (iteration >= before) continue
    const loaded = yield* loadCheckpoint(folder, file)
    if (Result.isSuccess(loaded)) return loaded.success
  }
  return undefined
})

/**
 * Where a resume goes on: the newest checkpoint that verifies. A bad one is warned about and set aside under another name:
 * for the process that holds the run. Undefined when there is none, but for a fork, which needs one. Where one is beyond the
 * budget, nothing is touched.
 */
export const restoreCheckpoint = Effect.fn("restoreCheckpoint")(function* (
  folder: string,
  budget: number,
  parent?: Parent,
) {
  const paths = yield* Path.Path
  const candidates = yield* newestFirst(folder)
  const [newest] = candidates
  if (newest !== undefined && newest.iteration > budget) {
    return yield* new BudgetPassed({ iteration: newest.iteration, budget })
  }
  for (const { file } of candidates) {
    const loaded = yield* loadCheckpoint(folder, file)
    if (Result.isSuccess(loaded)) return loaded.success
    yield* files.rename(paths.join(folder, file), paths.join(folder, `${file}.damaged`))
    yield* Effect.logWarning(`checkpoint ${file} is damaged and set aside: ${loaded.failure}`)
  }
  if (parent !== undefined) return yield* new ForkNotRepeatable({ parent })
  if (candidates.length > 0)
    yield* Effect.logWarning("no checkpoint is good: training starts from the beginning")
  return undefined
})

/**
 * Gives up the checkpoint of `iteration`, which is no good, and those after it, so that training makes them again. One after
 * the other and the newest last: until it is gone, a resume that finds it finds out again what is to be made.
 */
export const discardCheckpointsFrom = Effect.fn("discardCheckpointsFrom")(function* (
  folder: string,
  iteration: number,
) {
  const paths = yield* Path.Path
  for (const one of (yield* newestFirst(folder)).toReversed()) {
    const path = paths.join(folder, one.file)
    if (one.iteration === iteration) yield* files.rename(path, `${path}.damaged`)
    else if (one.iteration > iteration) yield* files.removeForGood(path)
  }
})

/**
 * Deletes the checkpoints that are of no more use at `progress`. Kept are the newest, the newest `keepCheckpoints` of those
 * that were due, the best, and the one that was tested before the run was extended. A checkpoint that an interruption
 * saved was not due, so an interrupted run ends with the same files as one that was not.
 */
export const pruneCheckpoints = Effect.fn("pruneCheckpoints")(function* (options: {
  readonly checkpoints: string
  readonly experiment: Pick<Experiment, "batchSize" | "checkpointEvery" | "keepCheckpoints">
  /** Examples in the train split. */
  readonly examples: number
  readonly progress: TrainProgress
  readonly tested: number | undefined
}) {
  const { checkpoints, examples, experiment, progress, tested } = options
  const { batchSize, checkpointEvery, keepCheckpoints } = experiment
  const paths = yield* Path.Path
  // Later ones are another process's, which has taken the run over.
  const iterations = (yield* newestFirst(checkpoints))
    .map(({ iteration }) => iteration)
    .filter((iteration) => iteration <= progress.iteration)
  const due = iterations.filter((iteration) => isDue(checkpointEvery, iteration, examples, batchSize))
  const kept = new Set([
    ...iterations.slice(0, 1),
    ...due.slice(0, keepCheckpoints),
    progress.best?.iteration,
    tested,
  ])
  for (const iteration of iterations) {
    if (!kept.has(iteration)) yield* files.remove(paths.join(checkpoints, checkpointFile(iteration)))
  }
})
