/** `pipeline predict RUN IMAGE…`: predicts the labels of your own images. */
import { Console, Effect, Option, Schema, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { ImageProblem, ImageResult } from "../../inspect/predictImages.ts"
import type { Predictor } from "../../inspect/predictor.ts"
import { type EngineName, engineNames } from "../../schemas/EngineInfo.ts"
import { Failure } from "../../schemas/Failure.ts"
import { ensembleName, readEnsemble } from "../../storage/ensembles.ts"
import { findRun } from "../../storage/runDirectory.ts"
import { printable } from "../../format/printable.ts"
import { type DeviceOption, engineOn } from "../deviceFlag.ts"
import { device, json, runsDir } from "../flags.ts"
import { styled } from "../render/printableConsole.ts"
import { outputColumns } from "../render/printText.ts"

/** More reasons than this are counted only. `--json` has all of them. */
const reasonsShown = 20

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
    const lines = problems.slice(0, reasonsShown).map(({ message }) => `  ${message}`)
    if (problems.length > reasonsShown) {
      lines.push(`  … and ${problems.length - reasonsShown} more, which --json lists`)
    }
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

/** Draws a preprocessed image with its prediction on standard error. */
const drawImage = Effect.fnUntraced(function* (
  result: ImageResult,
  imageShape: readonly [number, number, number],
) {
  if ("problem" in result) return
  const { halfBlocks } = yield* Effect.promise(() => import("../render/halfBlocks.ts"))
  const hasColours = process.stderr.isTTY && process.stderr.hasColors(2 ** 24)
  const { pixels, prediction } = result
  const name = printable(`${prediction.image}: ${prediction.class}`)
  yield* styled(Console.error(`${name}\n${halfBlocks(pixels, imageShape, hasColours)}\n`))
})

/** Prints results as they come: (begin, one result, end). */
interface Printer {
  readonly begin: Effect.Effect<void>
  readonly result: (result: ImageResult) => Effect.Effect<void>
  readonly end: (problems: ReadonlyArray<ImageProblem>) => Effect.Effect<void>
}

const tablePrinter = Effect.fnUntraced(function* (
  images: ReadonlyArray<string>,
  names: ReadonlyArray<string>,
) {
  const { predictionTable } = yield* Effect.promise(() => import("../render/renderPredictions.ts"))
  const { head, row } = predictionTable(images, names, outputColumns())
  let isFirst = true
  return {
    begin: Effect.void,
    result: (result) =>
      Effect.suspend(() => {
        // If no image can be predicted, the errors alone say so.
        if (isFirst && "problem" in result && images.length === 1) return Effect.void
        const lines = isFirst ? [head, row(result)] : [row(result)]
        isFirst = false
        return Console.log(lines.join("\n"))
      }),
    end: () => Effect.void,
  } satisfies Printer
})

/** One JSON value, written piece by piece: an array holds one prediction a line. */
const jsonPrinter = ({ checkpoints, names, preparation }: Predictor, hiddenFiles: number): Printer => {
  const head = JSON.stringify({ models: checkpoints, preparation, classes: names, hiddenFiles }, null, 2)
  let separator = ""
  return {
    begin: Console.log(`${head.slice(0, head.lastIndexOf("\n"))},\n  "predictions": [`),
    result: (result) =>
      Effect.suspend(() => {
        if ("problem" in result) return Effect.void
        const text = `${separator}    ${JSON.stringify(result.prediction)}`
        separator = ",\n"
        return Effect.sync(() => void process.stdout.write(text))
      }),
    end: (problems) => Console.log(`\n  ],\n  "problems": ${JSON.stringify(problems)}\n}`),
  }
}

/** The members of an ensemble, or the runs whose names are joined by commas. */
const membersOf = Effect.fnUntraced(function* (runsDir: string, run: string) {
  const ensemble = ensembleName(run)
  if (ensemble !== undefined) return yield* readEnsemble(runsDir, ensemble)
  return { combine: "mean" as const, members: run.split(",").map((name) => ({ run: name.trim() })) }
})

/** Undefined: the run's own, on the device that --device names. */
const engineToPredict = ({
  device,
  engine,
}: {
  readonly device: DeviceOption
  readonly engine: Option.Option<EngineName>
}) =>
  Option.isNone(engine) && Option.contains(device, "auto")
    ? Effect.succeed(undefined)
    : engineOn(Option.getOrUndefined(engine), device)

export const predict = Command.make(
  "predict",
  { run, images, runsDir, checkpoint, engine, device, show, json },
  Effect.fn("predict")(function* (options) {
    const { combine, members } = yield* membersOf(options.runsDir, options.run)
    const runs = yield* Effect.forEach(members, ({ run }) => findRun(options.runsDir, run))
    const [{ makePredictor }, { predictImages }, { describePreparation }, { makeImageProgress }] =
      yield* Effect.promise(() =>
        Promise.all([
          import("../../inspect/predictor.ts"),
          import("../../inspect/predictImages.ts"),
          import("../../stages/preprocess/prepare.ts"),
          import("../render/imageProgress.ts"),
        ]),
      )
    const predictor = yield* makePredictor(runs, {
      checkpoint: Option.getOrUndefined(options.checkpoint),
      engine: yield* engineToPredict(options),
      device: Option.getOrUndefined(options.device),
      combination: combine,
    })
    yield* Effect.logInfo(describePreparation(predictor.preparation, predictor.dataset.name))

    const { hidden, images, results } = yield* predictImages(predictor, options.images)
    if (hidden > 0) yield* Effect.logInfo(`skipped ${hidden} hidden ${hidden === 1 ? "file" : "files"}`)
    const printer = options.json
      ? jsonPrinter(predictor, hidden)
      : yield* tablePrinter(images, predictor.names)
    const progress = yield* makeImageProgress(images.length)
    const problems: Array<ImageProblem> = []
    const print = Effect.fnUntraced(function* (result: ImageResult) {
      if ("problem" in result) problems.push(result.problem)
      if (options.show) yield* drawImage(result, predictor.dataset.imageShape)
      yield* printer.result(result)
    })
    yield* printer.begin
    yield* results.pipe(
      Stream.runForEach((result) => progress.after(print(result))),
      // Also if the engine fails: what is printed is one whole JSON value.
      Effect.ensuring(Effect.suspend(() => printer.end(problems))),
    )
    if (problems.length > 0) return yield* new ImagesRefused({ images: images.length, problems })
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
