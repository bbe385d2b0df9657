/** `pipeline data FILE`: checks and describes the dataset of an experiment without training. */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { DataRefused } from "../../operations/data/DataRefused.ts"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { writeAtomic } from "../../storage/files.ts"
import { printText } from "../render/printText.ts"
import { dataDir, json } from "../flags.ts"

const file = Argument.String("file").pipe(
  Argument.withDescription("TypeScript file whose default export is experiment({ … })"),
)
const html = Flag.String("html").pipe(
  Flag.withDescription("Write a page with figures and the first images of each class to this file"),
  Flag.withMetavar("FILE"),
  Flag.optional,
)

export const data = Command.make(
  "data",
  { file, html, dataDir, json },
  Effect.fn("data")(function* (options) {
    const { experiment } = yield* loadExperiment(options.file, {})
    const [{ inspectData }, { renderData }] = yield* Effect.promise(() =>
      Promise.all([import("../../operations/data/inspectData.ts"), import("../render/renderData.ts")]),
    )
    const inspected = yield* inspectData(experiment, options.dataDir)
    const { problems, warnings } = inspected.summary
    yield* options.json
      ? Console.log(JSON.stringify(inspected.summary, null, 2))
      : printText(renderData(inspected), 2)
    if (Option.isSome(options.html)) {
      const { dataPage } = yield* Effect.promise(() => import("../../views/data/dataPage.ts"))
      yield* writeAtomic(options.html.value, yield* dataPage(inspected))
      yield* Effect.logInfo(`page ${options.html.value}`)
    }
    for (const warning of warnings) yield* Effect.logWarning(warning)
    const [first, ...more] = problems
    if (first !== undefined) {
      return yield* new DataRefused({ dataset: inspected.summary.name, problems: [first, ...more] })
    }
  }, Effect.scoped),
).pipe(
  Command.withDescription("Check and describe the dataset of an experiment, without training"),
  Command.withExamples([
    {
      command: "pipeline data experiments/own-dataset.ts",
      description: "List counts, classes, sizes and problems of the data",
    },
    {
      command: "pipeline data experiments/own-dataset.ts --html data.html",
      description: "Write a page with the first images of each class, too",
    },
  ]),
)
