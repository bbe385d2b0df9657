/**
 * Loads an experiment file: (path, overrides of the command line) -> a decoded experiment that fits its dataset.
 *
 * Nothing is fetched for that. An error lists every problem of the file, each with its path.
 */
import { Effect, Path, Schema } from "effect"
import { unknownLabels } from "../../schemas/experiment/Bounds.ts"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import { unknownMetric } from "../../schemas/experiment/NamedMetric.ts"
import type { Model } from "../../schemas/experiment/Model.ts"
import { Failure } from "../../schemas/Failure.ts"
import { firstLines } from "../../schemas/shortened.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import type { Overrides } from "../../schemas/Run.ts"
import { outputBeyondUnit } from "../../schemas/experiment/outputRange.ts"
import { inferShapes, layerNames } from "../../schemas/experiment/shapes.ts"
import { addressProblem, hideSecrets, sourcesOf } from "../../stages/fetch/address.ts"
import { checkMemory } from "../../stages/model/memory.ts"
import { describeDataset } from "../../stages/fetch/datasets.ts"
import * as files from "../../storage/files.ts"
import { evaluateFile, ExperimentNotLoadable } from "./evaluate.ts"
import { checkOwnCode } from "./ownCode.ts"
import { problemsOf } from "./problems.ts"
import { alternatives } from "../../format/alternatives.ts"
import { program } from "../../format/program.ts"
import { suggest } from "../../format/suggest.ts"

export class ExperimentNotFound extends Failure<ExperimentNotFound>()("ExperimentNotFound", {
  exitCode: "noInput",
  fields: {
    path: Schema.String,
    /** Files that resemble it. */
    meant: Schema.Array(Schema.String),
  },
  message: ({ meant, path }) =>
    `cannot load ${path}: file not found; ${
      meant.length > 0
        ? `did you mean ${alternatives(meant)}?`
        : "the experiments of this project are in experiments/"
    }`,
}) {}

export class ExperimentInvalid extends Failure<ExperimentInvalid>()("ExperimentInvalid", {
  exitCode: "dataError",
  fields: {
    path: Schema.String,
    problems: Schema.Array(Schema.Struct({ at: Schema.String, problem: Schema.String })),
    /** What the file should have described, if that is no experiment. */
    expected: Schema.optionalKey(Schema.Literals(["ensemble", "sweep"])),
  },
  message: ({ expected, path, problems }) => {
    const lines = problems.map(({ at, problem }) => `${at || "(default export)"}: ${problem}`)
    const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`
    const shown = firstLines(lines).map((line) => `  ${line}`)
    return `${path} is not a valid ${expected ?? "experiment"}, ${count}:\n${shown.join("\n")}`
  },
}) {}

const decode = Schema.decodeUnknownEffect(Experiment, { errors: "all", onExcessProperty: "error" })

/** Mean squared error compares outputs with 0 and 1, and turns them into probabilities: they must be in [0, 1]. */
const squaredErrorProblem = ({ index, layer, name }: NonNullable<ReturnType<typeof outputBeyondUnit>>) => {
  const found = "activation" in layer ? `activation ${layer.activation}` : `a ${layer.kind}`
  const advice =
    "activation" in layer
      ? `write activation: "sigmoid" in it`
      : `add layers.activation({ activation: "sigmoid" }) after it`
  const problem = `found ${found} in the last layer ${name}, expected outputs in [0, 1] for loss meanSquaredError; ${advice}, or loss: "softmaxCrossEntropy"`
  return { at: `model[${index}]`, problem }
}

/** Sigmoid cross-entropy computes the sigmoids itself: of outputs in [0, 1], they would be 0.5 to 0.73. */
const sigmoidTwiceProblem = (model: Model) => {
  const index = model.length - 1
  const problem = `found outputs in [0, 1] in the last layer ${layerNames(model)[index]}, expected logits for loss sigmoidCrossEntropy; remove the sigmoid`
  return { at: `model[${index}]`, problem }
}

/** A last layer whose outputs are not what the loss is computed of. */
const outputProblems = ({ loss, model }: Experiment) => {
  const beyond = outputBeyondUnit(model)
  if (loss === "meanSquaredError") return beyond === undefined ? [] : [squaredErrorProblem(beyond)]
  return loss === "sigmoidCrossEntropy" && beyond === undefined ? [sigmoidTwiceProblem(model)] : []
}

/** Gray images have no saturation. */
const augmentationProblems = (
  { augmentation }: Experiment,
  [, , channels]: readonly [number, number, number],
) =>
  (augmentation?.saturation ?? 0) === 0 || channels === 3
    ? []
    : [
        {
          at: "augmentation.saturation",
          problem: `found images of ${channels} ${channels === 1 ? "channel" : "channels"}, expected colour images of 3; remove it`,
        },
      ]

/** Labels that no class has. */
const labelProblems = ({ classWeight = {}, gate }: Experiment, classes: number) => {
  const recall = gate?.leastRecall
  const places = [
    ["classWeight", classWeight],
    ["gate.leastRecall", typeof recall === "object" ? recall : {}],
  ] as const
  return places.flatMap(([place, byLabel]) =>
    unknownLabels(byLabel, classes).map(({ label, problem }) => ({ at: `${place}.${label}`, problem })),
  )
}

/** The levels of an embedding are parts of [0, 1]. */
const embeddingProblems = ({ model, normalization }: Experiment) => {
  const index = model.findIndex(({ kind }) => kind === "embedding")
  if (index < 0 || normalization === "unit") return []
  const problem = `found ${normalization}, expected unit for model[${index}], an embedding: its levels are parts of the range from 0 to 1`
  return [{ at: "normalization", problem }]
}

/** A monitored metric that is not measured. */
const monitorProblems = ({ metrics, monitor }: Experiment) => {
  const problem = typeof monitor === "string" ? undefined : unknownMetric(monitor, metrics)
  return problem === undefined ? [] : [{ at: "monitor.metric", problem }]
}

/** Addresses of an own dataset that cannot be read. */
const addressProblems = ({ dataset }: Experiment) =>
  sourcesOf(dataset).flatMap(({ at, source }) => {
    const problem = addressProblem(source.source)
    return problem === undefined ? [] : [{ at: `${at}.source`, problem }]
  })

/** Decodes the default export of a file; `path` is for the messages. From here on, its addresses show no secrets. */
export const decodeExperiment = Effect.fn("decodeExperiment")(function* (value: unknown, path: string) {
  const decoded = yield* decode(value).pipe(
    Effect.mapError(({ issue }) => new ExperimentInvalid({ path, problems: problemsOf(value, issue) })),
  )
  const addresses = addressProblems(decoded)
  if (addresses.length > 0) return yield* new ExperimentInvalid({ path, problems: addresses })
  const valid: Experiment = { ...decoded, dataset: hideSecrets(decoded.dataset) }
  const sizes = describeDataset(valid.dataset)
  const { classes, imageShape } = sizes
  const checked = yield* checkOwnCode(valid, path, sizes)
  const experiment = checked?.experiment ?? valid
  const layers =
    checked?.layers ?? (yield* Effect.fromResult(inferShapes(experiment.model, imageShape, classes)))
  yield* checkMemory(experiment, layers, imageShape)
  const problems = [
    ...outputProblems(experiment),
    ...augmentationProblems(experiment, imageShape),
    ...labelProblems(experiment, classes),
    ...monitorProblems(experiment),
    ...embeddingProblems(experiment),
  ]
  if (problems.length > 0) return yield* new ExperimentInvalid({ path, problems })
  return experiment
})

/** Whether the default export of a file is an ensemble (`operations/ensemble/ensembleFile.ts`). */
export const isEnsemble = (value: unknown) =>
  typeof value === "object" && value !== null && "members" in value

/** Whether the default export of a file is a sweep (`operations/sweep/sweepFile.ts`). */
export const isSweep = (value: unknown) =>
  typeof value === "object" && value !== null && "space" in value && "base" in value

/** An experiment file is a few kilobytes. */
const largestBytes = 16 * 2 ** 20

/** A file that was evaluated: its absolute path and its default export, not decoded. */
export type LoadedFile = Effect.Success<ReturnType<typeof loadDefault>>

/** Files like one that is not there: in its folder, and in experiments/. */
const filesLike = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const nameOf = (file: string) => paths.basename(file).replace(/\.[cm]?[jt]s$/, "")
  const folders = new Set([paths.dirname(path), paths.resolve("experiments")])
  const found = yield* Effect.forEach(folders, (folder) =>
    files.list(folder).pipe(
      Effect.map((names) => names.filter((name) => /\.[cm]?[jt]s$/.test(name))),
      Effect.map((names) => names.map((name) => paths.join(folder, name))),
      Effect.orElseSucceed((): ReadonlyArray<string> => []),
    ),
  )
  const known = found.flat()
  const meant = suggest(nameOf(path), known.map(nameOf))
  return known.filter((file) => meant.includes(nameOf(file))).map((file) => paths.relative("", file))
})

/** The default export of a file, not decoded. `meanwhile` is called while a thread evaluates the file. */
export const loadDefault = Effect.fn("loadDefault")(function* (file: string, meanwhile?: () => void) {
  const paths = yield* Path.Path
  const path = paths.resolve(file)
  if (!(yield* files.exists(path)))
    return yield* new ExperimentNotFound({ path, meant: yield* filesLike(path) })
  if (!/\.[cm]?[jt]s$/.test(path)) {
    const problem = "not a TypeScript file; name one, such as experiments/cnn.ts"
    return yield* new ExperimentNotLoadable({ path, problem })
  }
  // A device, a FIFO or a link to one would never end.
  yield* files.read(path, largestBytes)
  const value = yield* evaluateFile(path, meanwhile)
  if (value === undefined) {
    return yield* new ExperimentNotLoadable({
      path,
      problem: "no default export; add `export default experiment({ … })`",
    })
  }
  return { path, value }
})

/** The experiment of a file with the overrides applied, and the fingerprint without them. */
export const loadExperiment = (file: string, overrides: Overrides) =>
  Effect.flatMap(loadDefault(file), (loaded) => experimentOf(loaded, overrides))

/** The same of a file that was evaluated already. */
export const experimentOf = Effect.fn("experimentOf")(function* (
  { path, value }: LoadedFile,
  overrides: Overrides,
) {
  if (isEnsemble(value)) {
    const problem = `found an ensemble, expected an experiment; train it with \`${program} run\``
    return yield* new ExperimentInvalid({ path, problems: [{ at: "", problem }] })
  }
  if (isSweep(value)) {
    const problem = `found a sweep, expected an experiment; run it with \`${program} sweep\``
    return yield* new ExperimentInvalid({ path, problems: [{ at: "", problem }] })
  }
  const written = yield* decodeExperiment(value, path)
  return {
    path,
    written: fingerprint(written),
    experiment: applyOverrides(written, overrides),
  }
})

/** An experiment with the overrides of the command line. */
export const applyOverrides = (experiment: Experiment, overrides: Overrides): Experiment => ({
  ...experiment,
  ...(overrides.iterations === undefined ? {} : { budget: { iterations: overrides.iterations } }),
  ...(overrides.seed === undefined ? {} : { seed: overrides.seed }),
})
