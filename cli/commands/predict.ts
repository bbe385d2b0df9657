/** `pipeline predict RUN IMAGE…`: predicts the labels of your own images. */
import { Console, Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { Prediction } from "../../inspect/predictImages.ts"
import { engineNames } from "../../schemas/EngineInfo.ts"
import { Failure } from "../../schemas/Failure.ts"
import { ensembleName, readEnsemble } from "../../storage/ensembles.ts"
import { findRun } from "../../storage/runDirectory.ts"
import { json, runsDir } from "../flags.ts"

/** Some images cannot be read or preprocessed; the others were predicted. */
export class ImagesRefused extends Failure<ImagesRefused>()("ImagesRefused", {
  /** The exit code of the problems, if they all have the same one. */
  exitCode: ({ problems }) => {
    const codes = new Set(problems.map(({ exitCode }) => exitCode))
    return codes.size === 1 ? problems[0].exitCode : "dataError"
  },
  fields: {
    images: Schema.Int,
    problems: Schema.Array(Schema.Struct({ message: Schema.String, exitCode: Schema.Int })),
  },
  message: ({ images, problems }) => {
    if (images === 1) return problems[0].message
    const lines = problems.map(({ message }) => `  ${message}`)
    return `cannot predict ${problems.length} of ${images} images:\n${lines.join("\n")}`
  },
}) {}

const run = Argument.String("run").pipe(
  Argument.withDescription(
    "Run: an id, its first or last characters, a path, `latest`, or ensemble:NAME; several runs joined by commas are averaged",
  ),
)
const images = Argument.String("image").pipe(
  Argument.withDescription("Images: PNG, JPEG or WebP files, folders of them, or - for standard input"),
  Argument.variadic({ min: 1 }),
)
const checkpoint = Flag.String("checkpoint").pipe(
  Flag.withDescription("Use the checkpoint of this iteration instead of the one that was tested"),
  Flag.withMetavar("ITERATION"),
  Flag.optional,
)
const engine = Flag.Literals("engine", engineNames).pipe(
  Flag.withDescription("Run on this engine instead of the run's own"),
  Flag.optional,
)
const show = Flag.Boolean("show").pipe(
  Flag.withDescription("Draw the preprocessed images on standard error"),
  Flag.withDefault(false),
)

/** Draws preprocessed images with their predictions on standard error. */
const drawImages = Effect.fnUntraced(function* (
  predictions: ReadonlyArray<Prediction>,
  pixels: ReadonlyArray<Uint8Array>,
  imageShape: readonly [number, number, number],
) {
  const { halfBlocks } = yield* Effect.promise(() => import("../render/halfBlocks.ts"))
  const hasColours = process.stderr.isTTY && process.stderr.hasColors(2 ** 24)
  for (const [i, prediction] of predictions.entries()) {
    const drawn = halfBlocks(pixels[i], imageShape, hasColours)
    yield* Console.error(`${prediction.image}: ${prediction.class}\n${drawn}\n`)
  }
})

/** The members of an ensemble, or the runs whose names are joined by commas. */
const membersOf = Effect.fnUntraced(function* (runsDir: string, run: string) {
  const ensemble = ensembleName(run)
  if (ensemble !== undefined) return yield* readEnsemble(runsDir, ensemble)
  return { combine: "mean" as const, members: run.split(",").map((name) => ({ run: name.trim() })) }
})

export const predict = Command.make(
  "predict",
  { run, images, runsDir, checkpoint, engine, show, json },
  Effect.fn("predict")(function* (options) {
    const { combine, members } = yield* membersOf(options.runsDir, options.run)
    const runs = yield* Effect.forEach(members, ({ run }) => findRun(options.runsDir, run))
    const [{ makePredictor }, { predictImages }, { describePreparation }] = yield* Effect.promise(() =>
      Promise.all([
        import("../../inspect/predictor.ts"),
        import("../../inspect/predictImages.ts"),
        import("../../stages/preprocess/prepare.ts"),
      ]),
    )
    const predictor = yield* makePredictor(runs, {
      checkpoint: Option.getOrUndefined(options.checkpoint),
      engine: Option.getOrUndefined(options.engine),
      combination: combine,
    })
    const { checkpoints, dataset, names, preparation } = predictor
    yield* Effect.logInfo(describePreparation(preparation, dataset.name))

    const { pixels, predictions, problems } = yield* predictImages(predictor, options.images)
    if (options.show) yield* drawImages(predictions, pixels, dataset.imageShape)
    if (options.json) {
      const output = { models: checkpoints, preparation, classes: names, predictions, problems }
      yield* Console.log(JSON.stringify(output, null, 2))
    } else if (predictions.length > 0) {
      const { renderPredictions } = yield* Effect.promise(() => import("../render/renderPredictions.ts"))
      yield* Console.log(renderPredictions(predictions, names))
    }
    if (problems.length > 0) {
      return yield* new ImagesRefused({ images: predictions.length + problems.length, problems })
    }
  }, Effect.scoped),
).pipe(
  Command.withDescription(
    "Predict the labels of images: photographs, scans, or images in the format of the dataset",
  ),
  Command.withExamples([
    { command: "pipeline predict latest photo.jpg", description: "Predict the digit in a photograph" },
    {
      command: "pipeline predict latest scans/ --show",
      description: "Predict a folder of scans and draw the preprocessed images",
    },
    {
      command: "pipeline predict cnn-1,cnn-2 --json - < digit.png",
      description: "Average two runs and print JSON",
    },
  ]),
)
