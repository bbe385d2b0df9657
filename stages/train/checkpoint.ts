/**
 * Checkpoints: (folder, state and progress after an iteration) -> a file, and back.
 *
 * `iteration-00001000.safetensors` holds every variable, those of the optimizer too, and the progress as metadata. A file is
 * verified by its digest before it is used. A resumed run continues from the newest good checkpoint: the newest that
 * verifies.
 */
import { Effect, Path, Result, Schema } from "effect"
import type { State } from "../../engines/Engine.ts"
import { TrainProgress } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { Failure } from "../../schemas/Failure.ts"
import { Parent } from "../../schemas/Run.ts"
import * as files from "../../storage/files.ts"
import { decodeSafetensors, safetensorsParts } from "../../storage/safetensors.ts"
import { isDue } from "./intervals.ts"
import { nonFiniteIn } from "./NonFiniteLoss.ts"
import { program } from "../../format/program.ts"

export interface Checkpoint {
  /** File name in the checkpoints folder of the run. */
  readonly file: string
  /** Of the experiment it was trained for, with the budget at the time. */
  readonly fingerprint: string
  readonly progress: TrainProgress
  readonly state: State
}

/** A checkpoint that is needed is damaged or missing. */
export class CheckpointDamaged extends Failure<CheckpointDamaged>()("CheckpointDamaged", {
  exitCode: "dataError",
  fields: { checkpoint: Schema.String, problem: Schema.String },
  message: ({ checkpoint, problem }) =>
    `cannot load checkpoint ${checkpoint}: ${problem}; \`resume\` trains the tested checkpoint again from an earlier one`,
}) {}

/** The run has been trained further than the budget. Training to it would start over and delete what was reached. */
export class BudgetPassed extends Failure<BudgetPassed>()("BudgetPassed", {
  exitCode: "dataError",
  fields: { iteration: Schema.Int, budget: Schema.Int },
  message: ({ budget, iteration }) =>
    `cannot train to the budget of ${budget} iterations: found a checkpoint of iteration ${iteration}; nothing was changed; give --iterations ${iteration} or more`,
}) {}

/** A fork has lost every checkpoint. It started with the state of its parent, so starting over would give another run. */
export class ForkNotRepeatable extends Failure<ForkNotRepeatable>()("ForkNotRepeatable", {
  exitCode: "dataError",
  fields: { parent: Parent },
  message: ({ parent }) => {
    const { iteration, run } = parent
    return `cannot resume the fork: found no good checkpoint, expected one of iteration ${iteration} (where it was forked from ${run}) or later; fork again with \`${program} run FILE --from ${run}\``
  },
}) {}

export const checkpointFile = (iteration: number) =>
  `iteration-${String(iteration).padStart(8, "0")}.safetensors`

/** The iteration in the file name of a checkpoint; undefined for any other name. */
export const iterationOf = (file: string): number | undefined => {
  const digits = /^iteration-(\d{8,})\.safetensors$/.exec(file)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const ProgressText = Schema.fromJsonString(TrainProgress)
const decodeProgress = Schema.decodeUnknownResult(ProgressText)
const encodeProgress = Schema.encodeSync(ProgressText)

/** Writes a checkpoint. When this returns the whole file is on the disk. `state` must not change meanwhile. */
export const saveCheckpoint = Effect.fn("saveCheckpoint")(function* (
  folder: string,
  state: State,
  progress: TrainProgress,
  fingerprint: string,
) {
  const paths = yield* Path.Path
  const file = checkpointFile(progress.iteration)
  const parts = safetensorsParts({
    tensors: state,
    metadata: { format: "tidemark-checkpoint-1", fingerprint, progress: encodeProgress(progress) },
  })
  yield* files.writeAtomic(paths.join(folder, file), parts)
  return file
})

/** Reads and verifies one checkpoint: its content, or the problem in one line. */
export const loadCheckpoint = Effect.fn("loadCheckpoint")(function* (folder: string, file: string) {
  const paths = yield* Path.Path
  const bytes = yield* files.readIfExists(paths.join(folder, file))
  if (bytes === undefined) return Result.fail("the file does not exist")
  const decoded = decodeSafetensors(bytes)
  if (Result.isFailure(decoded)) return Result.fail(decoded.failure.message)
  const progress = decodeProgress(decoded.success.metadata.progress)
  if (Result.isFailure(progress)) return Result.fail("it has no training progress")
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
    .filter((one): one is { file: string; iteration: number } => one.iteration !== undefined)
    .sort((a, b) => b.iteration - a.iteration)
})

/** The newest good checkpoint of a folder; undefined if there is none. Changes nothing. */
export const newestGoodCheckpoint = Effect.fn("newestGoodCheckpoint")(function* (
  folder: string,
  /** Only checkpoints of earlier iterations. */
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
 * The newest good checkpoint, from which a run is resumed; undefined if there is none. Renames damaged ones to
 * `*.damaged`, so only the process that holds the run may call it. Fails for a fork without a good checkpoint, and
 * for a checkpoint after the budget; then nothing is changed.
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
    yield* Effect.logWarning(
      `checkpoint ${file} is damaged: ${loaded.failure}; it was renamed to ${file}.damaged`,
    )
  }
  if (parent !== undefined) return yield* new ForkNotRepeatable({ parent })
  if (candidates.length > 0)
    yield* Effect.logWarning("found no good checkpoint; training starts from scratch")
  return undefined
})

/**
 * Discards the checkpoint of `iteration`, which is damaged or missing, and those after it, so that training makes
 * them again. The newest is deleted last. If the process dies before that, the next attempt finds the newest and
 * repeats the search.
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
 * Deletes the checkpoints that are not needed any more at `progress`. Keeps the newest, the newest `keepCheckpoints`
 * of those that were due, the best, and the one that was tested before the run was extended. A checkpoint that an
 * interruption saved was not due, so an interrupted run ends with the same files as one that was not interrupted.
 */
export const pruneCheckpoints = Effect.fn("pruneCheckpoints")(function* (options: {
  readonly checkpoints: string
  readonly experiment: Pick<Experiment, "batchSize" | "checkpointEvery" | "keepCheckpoints">
  /** Examples in the train split. */
  readonly examples: number
  readonly progress: TrainProgress
  /** The iteration of the tested checkpoint. */
  readonly tested: number | undefined
}) {
  const { checkpoints, examples, experiment, progress, tested } = options
  const { batchSize, checkpointEvery, keepCheckpoints } = experiment
  const paths = yield* Path.Path
  // Later checkpoints belong to another process, which has taken over the run.
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
