/** `pipeline predict RUN IMAGE…`: predicts the labels of your own images. */
import { Console, Effect, Option, Result, Runtime, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { engineNames } from "../../schemas/EngineInfo.ts"
import { Failure } from "../../schemas/Failure.ts"
import { ensembleName, readEnsemble } from "../../storage/ensembles.ts"
import { findRun } from "../../storage/runDirectory.ts"
import { json, runsDir } from "../flags.ts"

/** Some images could not be predicted; the others were. */
export class ImagesRefused extends Failure<ImagesRefused>()("ImagesRefused", {
  /** That of the problems if they all have the same one. */
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
    return `${problems.length} of ${images} images could not be predicted:\n${lines.join("\n")}`
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

/** Images decoded at a time: keeps two cores busy while one read waits for the disk. */
const concurrency = 3

export const predict = Command.make(
  "predict",
  { run, images, runsDir, checkpoint, engine, show, json },
  Effect.fn("predict")(function* (options) {
    const ensemble = ensembleName(options.run)
    const { combine, members } =
      ensemble === undefined
        ? { combine: "mean" as const, members: options.run.split(",").map((name) => ({ run: name.trim() })) }
        : yield* readEnsemble(options.runsDir, ensemble)
    const runs = yield* Effect.forEach(members, ({ run }) => findRun(options.runsDir, run))
    const [{ makePredictor }, { imageSources }, { describePreparation, prepareImage }] =
      yield* Effect.promise(() =>
        Promise.all([
          import("../../inspect/predictor.ts"),
          import("../../stages/preprocess/sources.ts"),
          import("../../stages/preprocess/prepare.ts"),
        ]),
      )
    const predictor = yield* makePredictor(runs, {
      checkpoint: Option.getOrUndefined(options.checkpoint),
      engine: Option.getOrUndefined(options.engine),
      combination: combine,
    })
    const { dataset, names, preparation } = predictor
    yield* Effect.logInfo(describePreparation(preparation, dataset.name))

    const prepared = yield* Effect.forEach(
      yield* imageSources(options.images),
      ({ image, read }) =>
        Effect.suspend(() => read).pipe(
          Effect.flatMap((bytes) => prepareImage(bytes, image, dataset, preparation)),
          Effect.result,
          Effect.map((pixels) => ({ image, pixels })),
        ),
      { concurrency },
    )
    const seen = prepared.flatMap(({ image, pixels }) =>
      Result.isSuccess(pixels) ? [{ image, pixels: pixels.success }] : [],
    )
    const probabilities =
      seen.length === 0
        ? new Float32Array()
        : yield* predictor.probabilities(seen.map(({ pixels }) => pixels))
    const predictions = seen.map(({ image }, row) => {
      const given = Array.from(probabilities.subarray(row * names.length, (row + 1) * names.length))
      const label = given.indexOf(Math.max(...given))
      return { image, label, class: names[label], probabilities: given }
    })

    if (options.show) {
      const { halfBlocks } = yield* Effect.promise(() => import("../render/halfBlocks.ts"))
      const colours = process.stderr.isTTY && process.stderr.hasColors(2 ** 24)
      for (const [i, { image, pixels }] of seen.entries()) {
        yield* Console.error(
          `${image}: ${predictions[i].class}\n${halfBlocks(pixels, dataset.imageShape, colours)}\n`,
        )
      }
    }
    const problems = prepared.flatMap(({ image, pixels }) =>
      Result.isFailure(pixels)
        ? [
            {
              image,
              error: pixels.failure._tag,
              message: pixels.failure.message,
              exitCode: pixels.failure[Runtime.errorExitCode],
            },
          ]
        : [],
    )
    if (options.json) {
      const text = JSON.stringify(
        { models: predictor.checkpoints, preparation, classes: names, predictions, problems },
        null,
        2,
      )
      yield* Console.log(text)
    } else if (predictions.length > 0) {
      const { renderPredictions } = yield* Effect.promise(() => import("../render/renderPredictions.ts"))
      yield* Console.log(renderPredictions(predictions, names))
    }
    if (problems.length > 0) return yield* new ImagesRefused({ images: prepared.length, problems })
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
