/**
 * An experiment file -> a decoded experiment that is known to fit its dataset, before anything is fetched.
 *
 * (path, overrides of the command line) -> Experiment. Every problem of a file is listed at once, with its path.
 */
import { Effect, Path, Schema } from "effect"
import { isLabel, notALabel } from "../../schemas/Dataset.ts"
import { Experiment } from "../../schemas/Experiment.ts"
import { Failure } from "../../schemas/Failure.ts"
import { fingerprint } from "../../schemas/fingerprint.ts"
import type { Overrides } from "../../schemas/Run.ts"
import { outputBeyondUnit } from "../../schemas/outputRange.ts"
import { inferShapes } from "../../schemas/shapes.ts"
import { describeDataset } from "../../stages/fetch/datasets.ts"
import * as files from "../../storage/files.ts"
import { evaluateFile, ExperimentNotLoadable } from "./evaluate.ts"
import { problemsOf } from "./problems.ts"

export class ExperimentNotFound extends Failure<ExperimentNotFound>()("ExperimentNotFound", {
  exitCode: "noInput",
  fields: { path: Schema.String },
  message: ({ path }) => `there is no experiment file ${path}; the project's own are in experiments/`,
}) {}

export class ExperimentInvalid extends Failure<ExperimentInvalid>()("ExperimentInvalid", {
  exitCode: "dataError",
  fields: {
    path: Schema.String,
    problems: Schema.Array(Schema.Struct({ at: Schema.String, problem: Schema.String })),
  },
  message: ({ path, problems }) => {
    const lines = problems.map(({ at, problem }) => `  ${at || "(the whole)"}: ${problem}`)
    const count = lines.length === 1 ? "1 problem" : `${lines.length} problems`
    return `${path} is not a valid experiment, ${count}:\n${lines.join("\n")}`
  },
}) {}

const decode = Schema.decodeUnknownEffect(Experiment, { errors: "all", onExcessProperty: "error" })

/** Mean squared error compares outputs with 0 and 1, and makes probabilities of them: they must lie in [0, 1]. */
const outputProblems = ({ loss, model }: Experiment) => {
  const beyond = loss === "meanSquaredError" ? outputBeyondUnit(model) : undefined
  if (beyond === undefined) return []
  const { index, layer, name } = beyond
  const found = "activation" in layer ? `activation ${layer.activation}` : `a ${layer.kind}`
  const advice =
    "activation" in layer
      ? `write activation: "sigmoid" in it`
      : `put layers.activation({ activation: "sigmoid" }) behind it`
  const problem = `found ${found} in the last layer ${name}, expected outputs in [0, 1] for loss meanSquaredError; ${advice}, or loss: "softmaxCrossEntropy"`
  return [{ at: `model[${index}]`, problem }]
}

/** Decodes what a file exported; `path` is for the messages. */
export const decodeExperiment = Effect.fn("decodeExperiment")(function* (value: unknown, path: string) {
  const experiment = yield* decode(value).pipe(
    Effect.mapError(({ issue }) => new ExperimentInvalid({ path, problems: problemsOf(value, issue) })),
  )
  const { classes, imageShape } = describeDataset(experiment.dataset)
  yield* Effect.fromResult(inferShapes(experiment.model, imageShape, classes))
  const problems = outputProblems(experiment)
  if (problems.length > 0) return yield* new ExperimentInvalid({ path, problems })
  const recall = experiment.gate?.leastRecall
  const unknown =
    typeof recall === "object" ? Object.keys(recall).filter((key) => !isLabel(key, classes)) : []
  if (unknown.length > 0) {
    const problem = notALabel(classes)
    return yield* new ExperimentInvalid({
      path,
      problems: unknown.map((label) => ({ at: `gate.leastRecall.${label}`, problem })),
    })
  }
  return experiment
})

/** Whether a file's value is meant to be several experiments (`operations/ensemble/ensembleFile.ts`). */
export const isEnsemble = (value: unknown) =>
  typeof value === "object" && value !== null && "members" in value

/** The default export of a file, whatever it is. */
export const loadDefault = Effect.fn("loadDefault")(function* (file: string) {
  const paths = yield* Path.Path
  const path = paths.resolve(file)
  if (!(yield* files.exists(path))) return yield* new ExperimentNotFound({ path })
  if (!/\.[cm]?[jt]s$/.test(path)) {
    const problem = "it is no TypeScript file; name one, as experiments/cnn.ts"
    return yield* new ExperimentNotLoadable({ path, problem })
  }
  const value = yield* evaluateFile(path)
  if (value === undefined) {
    return yield* new ExperimentNotLoadable({
      path,
      problem: "it has no default export; write `export default experiment({ … })`",
    })
  }
  return { path, value }
})

/** The experiment of a file, with the overrides applied, and the fingerprint of the file alone. */
export const loadExperiment = Effect.fn("loadExperiment")(function* (file: string, overrides: Overrides) {
  const { path, value } = yield* loadDefault(file)
  if (isEnsemble(value)) {
    const problem = "it is an ensemble of several experiments; `pnpm pipeline run` trains it"
    return yield* new ExperimentInvalid({ path, problems: [{ at: "", problem }] })
  }
  const written = yield* decodeExperiment(value, path)
  return {
    path,
    written: fingerprint(written),
    experiment: applyOverrides(written, overrides),
  }
})

/** What the command line changes in an experiment. */
export const applyOverrides = (experiment: Experiment, overrides: Overrides): Experiment => ({
  ...experiment,
  ...(overrides.iterations === undefined ? {} : { budget: { iterations: overrides.iterations } }),
  ...(overrides.seed === undefined ? {} : { seed: overrides.seed }),
})
