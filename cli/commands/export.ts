/** `pipeline export RUN --format …`: exports a trained model for other programs. */
import { Console, Effect, Option, Path } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { TrainedModel } from "../../inspect/trainedModel.ts"
import { exportFormats } from "../../stages/export/formats.ts"
import { findRun, type Run } from "../../storage/runDirectory.ts"
import { size } from "../../format/size.ts"
import { json, runsDir } from "../flags.ts"

const run = Argument.String("run").pipe(
  Argument.withDescription("Run: an id, its first or last characters, a path, or `latest`"),
)
const format = Flag.Literals("format", exportFormats).pipe(
  Flag.withDescription(
    "Write a layers model or a graph model of TensorFlow.js, an ONNX model of standard operators, or only the weights",
  ),
)
const out = Flag.String("out").pipe(
  Flag.withDescription("Write into this new folder (default: model/FORMAT-ITERATION in the run directory)"),
  Flag.withMetavar("DIR"),
  Flag.optional,
)
const checkpoint = Flag.String("checkpoint").pipe(
  Flag.withDescription("Export the checkpoint of this iteration instead of the one that was tested"),
  Flag.withMetavar("ITERATION"),
  Flag.optional,
)

/** What an exported model states about its training. */
const describe = ({ identity }: Run, { checkpoint, dataset, experiment, names, table }: TrainedModel) => ({
  run: identity.id,
  experiment: experiment.name,
  fingerprint: identity.fingerprint,
  iteration: checkpoint.progress.iteration,
  dataset: experiment.dataset,
  datasetName: dataset.name,
  inputShape: dataset.imageShape,
  classes: dataset.classes,
  classNames: names,
  loss: experiment.loss,
  preprocess: experiment.preprocess,
  normalization: experiment.normalization,
  table,
})

export const exportCommand = Command.make(
  "export",
  { run, format, out, checkpoint, runsDir, json },
  Effect.fn("export")(function* (options) {
    const paths = yield* Path.Path
    const found = yield* findRun(options.runsDir, options.run)
    const [{ openTrainedModel }, { exportModel }, { publishExport }] = yield* Effect.promise(() =>
      Promise.all([
        import("../../inspect/trainedModel.ts"),
        import("../../stages/export/exportModel.ts"),
        import("../../stages/export/publish.ts"),
      ]),
    )
    const trained = yield* openTrainedModel(found, Option.getOrUndefined(options.checkpoint))
    const { iteration } = trained.checkpoint.progress
    const contents = yield* exportModel(options.format, {
      network: trained.network,
      state: trained.checkpoint.state,
      model: trained.experiment.model,
      described: describe(found, trained),
    })
    const path = Option.getOrElse(options.out, () =>
      // The iteration is in the name: exporting a run again after more training keeps the first export.
      paths.join(found.path, "model", `${options.format}-${String(iteration).padStart(8, "0")}`),
    )
    const written = yield* publishExport(paths.resolve(path), contents)
    const exported = contents.map(({ bytes, name }) => ({ name, sizeBytes: bytes.length }))
    if (options.json) {
      const result = {
        format: options.format,
        path,
        run: found.identity.id,
        iteration,
        written,
        files: exported,
      }
      return yield* Console.log(JSON.stringify(result, null, 2))
    }
    if (!written) yield* Effect.logInfo("the same export already exists")
    for (const { name, sizeBytes } of exported) {
      yield* Console.log(`${paths.join(path, name)}  ${size(sizeBytes)}`)
    }
  }, Effect.scoped),
).pipe(
  Command.withDescription("Export a trained model for other programs"),
  Command.withExamples([
    {
      command: "pipeline export latest --format onnx",
      description: "Export for ONNX Runtime, in any language",
    },
    {
      command: "pipeline export latest --format tfjs --out site/model",
      description: "Export for a web page",
    },
  ]),
)
