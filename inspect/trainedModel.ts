/**
 * A trained model: (run, checkpoint or undefined) -> weights, network and pixel normalization.
 *
 * The default is the checkpoint that the report tested. The run is only read, so it may still be running.
 */
import { Effect, Path, Result, Schema } from "effect"
import { Failure } from "../schemas/Failure.ts"
import { CheckpointDamaged, checkpointFile, iterationOf, loadCheckpoint } from "../stages/train/checkpoint.ts"
import { classNames } from "../stages/dataset/classNames.ts"
import { describeDataset } from "../stages/fetch/datasets.ts"
import { fetchDataset } from "../stages/fetch/fetch.ts"
import { withImageReads } from "../stages/dataset/images.ts"
import { loadDataset } from "../stages/dataset/load.ts"
import { buildProgram } from "../stages/model/model.ts"
import { unitValues } from "../engines/bytes.ts"
import { pixelTable, standardizedTable } from "../stages/dataset/normalize.ts"
import { loadPreprocess } from "../stages/dataset/preprocess.ts"
import { splitDataset } from "../stages/dataset/split.ts"
import * as files from "../storage/files.ts"
import { effectiveExperiment, layout, type Run } from "../storage/runDirectory.ts"
import { runArgument } from "../format/runArgument.ts"
import { readFetched, readTrained, readValidated } from "../storage/stageRecords.ts"
import { quoted } from "../format/quoted.ts"
import { program } from "../format/program.ts"

/** The run does not have the checkpoint, or none was tested yet. */
export class CheckpointNotFound extends Failure<CheckpointNotFound>()("CheckpointNotFound", {
  exitCode: "noInput",
  fields: {
    run: Schema.String,
    path: Schema.String,
    wanted: Schema.NullOr(Schema.String),
    found: Schema.Array(Schema.String),
  },
  message: ({ found, path, run, wanted }) => {
    const resume = `resume it with \`${program} resume ${quoted(runArgument(path))}\``
    const choice = found.length === 0 ? "" : `, or choose a checkpoint with --checkpoint: ${found.join(", ")}`
    if (wanted === null) return `cannot load a model of ${run}: training has not finished; ${resume}${choice}`
    return found.length === 0
      ? `cannot load checkpoint ${wanted} of ${run}: found no checkpoints; ${resume}`
      : `cannot load checkpoint ${wanted} of ${run}: found ${found.join(", ")}; choose one of them`
  },
}) {}

/** The pixel normalization of the run is unknown. */
export class DatasetNotRecorded extends Failure<DatasetNotRecorded>()("DatasetNotRecorded", {
  exitCode: "noInput",
  fields: { run: Schema.String },
  message: ({ run }) =>
    `cannot load ${run}: stages/fetch.json is missing, so its pixel normalization is unknown; restore the file or train again`,
}) {}

/** The name of a file in the checkpoints folder; `wanted` is an iteration or a file name. */
const chooseCheckpoint = Effect.fnUntraced(function* (run: Run, wanted: string | undefined) {
  const paths = yield* Path.Path
  const there = (yield* files.list(paths.join(run.path, layout.checkpoints))).filter(
    (file) => iterationOf(file) !== undefined,
  )
  const file =
    wanted === undefined
      ? yield* Effect.map(readTrained(run.path), (trained) => trained && paths.basename(trained.checkpoint))
      : /^\d+$/.test(wanted)
        ? checkpointFile(Number(wanted))
        : paths.basename(wanted)
  // The tested checkpoint is recorded; if it is missing, reading it reports that.
  if (file !== undefined && (wanted === undefined || there.includes(file))) return file
  return yield* new CheckpointNotFound({
    run: run.identity.id,
    path: run.path,
    wanted: wanted ?? null,
    found: there.map((name) => String(iterationOf(name))),
  })
})

/**
 * The pixel normalization that the run was trained with: the statistics of its own training split, whatever the source of its
 * dataset holds now.
 */
const tableOf = Effect.fnUntraced(
  function* (run: Run) {
    const { dataDir, experiment, id } = run.identity
    const { dataset, normalization, split } = experiment
    if (normalization === "unit") return unitValues
    // Older versions did not record it.
    const standardizedBy = (yield* readValidated(run.path))?.standardizedBy
    if (standardizedBy !== undefined) return standardizedTable(standardizedBy)
    const recorded = yield* readFetched(run.path)
    if (recorded === undefined) return yield* new DatasetNotRecorded({ run: id })
    const resident = yield* loadDataset(yield* fetchDataset({ dataset, dataDir, recorded }))
    const { train } = yield* splitDataset(split, resident)
    return yield* pixelTable(normalization, resident, train)
  },
  Effect.scoped,
  withImageReads,
)

export type TrainedModel = Effect.Success<ReturnType<typeof openTrainedModel>>

/** The network has batch size 1 and is released with the scope. */
export const openTrainedModel = Effect.fn("openTrainedModel")(function* (
  run: Run,
  wanted: string | undefined,
) {
  const paths = yield* Path.Path
  const experiment = effectiveExperiment(run)
  const dataset = describeDataset(experiment.dataset)
  const file = yield* chooseCheckpoint(run, wanted)
  const checkpoint = yield* loadCheckpoint(paths.join(run.path, layout.checkpoints), file)
  if (Result.isFailure(checkpoint)) {
    return yield* new CheckpointDamaged({ checkpoint: file, problem: checkpoint.failure })
  }
  const { fingerprint } = checkpoint.success
  // Checkpoints of the first versions do not say.
  if (fingerprint !== "" && !run.fingerprints.has(fingerprint)) {
    const problem = `it was trained for another experiment: found the fingerprint ${fingerprint.slice(0, 8)}, expected ${run.identity.fingerprint.slice(0, 8)}`
    return yield* new CheckpointDamaged({ checkpoint: file, problem })
  }
  const network = yield* buildProgram({
    ...experiment,
    inputShape: dataset.imageShape,
    classes: dataset.classes,
    batchSize: 1,
  })
  const recorded = (yield* readValidated(run.path))?.classNames ?? (yield* readFetched(run.path))?.classNames
  const names = classNames(experiment.dataset, dataset.classes, recorded)
  return {
    run,
    experiment,
    dataset,
    names,
    checkpoint: checkpoint.success,
    table: yield* tableOf(run),
    /** Changes images before they become numbers; undefined without preprocessing of own code. */
    preprocess: yield* loadPreprocess(experiment),
    network,
  }
})
