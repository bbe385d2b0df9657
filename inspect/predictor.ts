/**
 * Trained runs as one classifier: (runs, checkpoint, engine) -> class probabilities of images in the format of the dataset.
 *
 * Several runs are combined by mean probability or by majority vote. Each has its own network, engine and normalization, but all
 * must have the same kind of images and labels.
 */
import { Context, Effect, Layer, Schema } from "effect"
import { Engine } from "../engines/Engine.ts"
import { selectEngine } from "../engines/select.ts"
import { type Device, engineChoiceOf, type EngineName } from "../schemas/EngineInfo.ts"
import type { Combination } from "../schemas/Ensemble.ts"
import { Failure } from "../schemas/Failure.ts"
import { normalize } from "../stages/dataset/normalize.ts"
import { toProbabilities } from "../stages/evaluate/probabilities.ts"
import { combine } from "../stages/evaluate/ensemble.ts"
import { preparationOf } from "../stages/preprocess/prepare.ts"
import { engineOf, type Run } from "../storage/runDirectory.ts"
import { openTrainedModel, type TrainedModel } from "./trainedModel.ts"

/** Runs whose predictions cannot be combined. */
export class RunsDisagree extends Failure<RunsDisagree>()("RunsDisagree", {
  exitCode: "dataError",
  fields: {
    first: Schema.String,
    other: Schema.String,
    datasets: Schema.Tuple([Schema.String, Schema.String]),
  },
  message: ({ datasets, first, other }) =>
    `cannot combine ${first} and ${other}: found models for ${datasets[0]} and for ${datasets[1]}, expected the same images and labels; choose runs of one dataset`,
}) {}

/** A description of the images and labels of a model: different if the kind of images or labels differs. */
const domainOf = ({ dataset, experiment, names }: TrainedModel) =>
  `${dataset.name} (${dataset.imageShape.join("×")}, ${dataset.classes} classes, ${JSON.stringify(preparationOf(experiment.dataset))}${names.some((name, label) => name !== String(label)) ? `, ${names.join(", ")}` : ""})`

export interface PredictorOptions {
  readonly checkpoint: string | undefined
  /** Undefined: the one that trained each run last. */
  readonly engine: EngineName | undefined
  /**
   * Device to predict on; absent: the one the run was trained on. `auto`: the processor, because trying a GPU takes longer than
   * predicting.
   */
  readonly device?: Device | undefined
  readonly combination: Combination
}

const open = Effect.fnUntraced(function* (run: Run, { checkpoint, device, engine }: PredictorOptions) {
  const model = yield* openTrainedModel(run, checkpoint)
  const services = yield* Layer.build(
    selectEngine(engine ?? engineChoiceOf(engineOf(run), device === "auto" ? "cpu" : device)),
  )
  const trainer = yield* Context.get(services, Engine).compile(model.network)
  yield* trainer.load(model.checkpoint.state)
  const { imageShape } = model.dataset
  const size = imageShape.reduce((a, b) => a * b)
  const probabilities = Effect.fnUntraced(function* (images: ReadonlyArray<Uint8Array>) {
    const pixels = new Uint8Array(images.length * size)
    images.forEach((image, i) => pixels.set(image.subarray(0, size), i * size))
    if (model.preprocess !== undefined) yield* model.preprocess(pixels, imageShape)
    const input = new Float32Array(pixels.length)
    for (let at = 0; at < pixels.length; at += size) {
      normalize(model.table, pixels.subarray(at, at + size), input, at)
    }
    const outputs = yield* trainer.predict(input)
    return toProbabilities(model.experiment.loss, outputs, model.dataset.classes)
  })
  return { model, probabilities }
})

export type Predictor = Effect.Success<ReturnType<typeof makePredictor>>

export const makePredictor = Effect.fn("makePredictor")(function* (
  runs: ReadonlyArray<Run>,
  options: PredictorOptions,
) {
  const members = yield* Effect.forEach(runs, (run) => open(run, options))
  const [first, ...others] = members.map(({ model }) => model)
  for (const other of others) {
    const datasets = [domainOf(first), domainOf(other)] as const
    if (datasets[0] === datasets[1]) continue
    return yield* new RunsDisagree({ first: first.run.identity.id, other: other.run.identity.id, datasets })
  }
  return {
    dataset: first.dataset,
    preparation: preparationOf(first.experiment.dataset),
    names: first.names,
    checkpoints: members.map(({ model }) => ({ run: model.run.identity.id, file: model.checkpoint.file })),
    /** Row-major [images, classes]. */
    probabilities: Effect.fnUntraced(function* (images: ReadonlyArray<Uint8Array>) {
      const each = yield* Effect.forEach(members, (member) => member.probabilities(images))
      return each.length === 1 ? each[0] : combine(options.combination, each, first.dataset.classes)
    }),
  }
})
