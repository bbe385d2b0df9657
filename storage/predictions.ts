/**
 * predictions.safetensors, the test predictions of a model: (predictions) -> bytes, and (run directory) -> predictions or the
 * reason why they cannot be read. Only this file knows the format.
 */
import { Effect, Path, Result, Schema } from "effect"
import * as files from "./files.ts"
import { layout } from "./runDirectory.ts"
import { decodeSafetensors, encodeSafetensors, type Tensor } from "./safetensors.ts"

export interface Predictions {
  /** Index in the dataset, train files first, of each test example. */
  readonly indices: Int32Array
  readonly labels: Int32Array
  readonly classes: number
  /** [examples, classes] */
  readonly probabilities: Float32Array
}

/** `fingerprint`: of the experiment, or of an ensemble. */
export const encodePredictions = (
  { classes, indices, labels, probabilities }: Predictions,
  fingerprint: string,
): Uint8Array =>
  encodeSafetensors({
    tensors: [
      { name: "probabilities", shape: [labels.length, classes], data: probabilities },
      { name: "labels", shape: [labels.length], data: labels },
      { name: "indices", shape: [labels.length], data: indices },
    ],
    metadata: { format: "tidemark-predictions-1", fingerprint },
  })

const Examples = Schema.Struct({ examples: Schema.Int })

const decodeReport = Schema.decodeUnknownEffect(
  Schema.fromJsonString(
    Schema.Struct({
      /** Of the experiment that the report is about; the report of an ensemble has none. */
      fingerprint: Schema.optionalKey(Schema.String),
      dataset: Schema.optionalKey(
        Schema.Struct({ train: Schema.optionalKey(Examples), test: Schema.optionalKey(Examples) }),
      ),
    }),
  ),
)

/** If the report does not say how many examples the dataset has: no file of at most 1 GiB has more usable images. */
const mostExamples = 2 ** 24

/** What the report says of the predictions next to it. */
const readTested = Effect.fnUntraced(function* (runPath: string) {
  const paths = yield* Path.Path
  const text = (yield* files.readStringIfExists(paths.join(runPath, layout.report))) ?? ""
  const { dataset, fingerprint } = yield* decodeReport(text).pipe(
    Effect.orElseSucceed((): { dataset?: undefined; fingerprint?: undefined } => ({})),
  )
  const examples =
    dataset?.train === undefined || dataset.test === undefined
      ? mostExamples
      : dataset.train.examples + dataset.test.examples
  return { fingerprint, examples: Math.min(examples, mostExamples) }
})

/** What is wrong with labels and indices, which address rows of other arrays; undefined if nothing is. */
const outsideProblem = (
  labels: Int32Array,
  indices: Int32Array,
  { classes, examples }: { readonly classes: number; readonly examples: number },
) => {
  const isOutside = (limit: number) => (value: number) => value < 0 || value >= limit
  const label = labels.find(isOutside(classes))
  if (label !== undefined) return `found the label ${label}, expected 0 to ${classes - 1}`
  const index = indices.find(isOutside(examples))
  return index === undefined
    ? undefined
    : `found the example ${index}, expected 0 to ${examples - 1} of the dataset`
}

const failed = (problem: string): Result.Result<Predictions, string> => Result.fail(problem)

/** `datasetExamples`: what an index must be below. */
const predictionsOf = (
  tensors: ReadonlyArray<Tensor>,
  datasetExamples: number,
): Result.Result<Predictions, string> => {
  const named = (name: string) => tensors.find((tensor) => tensor.name === name)
  const [probabilities, labels, indices] = [named("probabilities"), named("labels"), named("indices")]
  if (
    !(probabilities?.data instanceof Float32Array) ||
    !(labels?.data instanceof Int32Array) ||
    !(indices?.data instanceof Int32Array)
  ) {
    return failed(`${layout.predictions} lacks probabilities, labels or indices`)
  }
  const { data, shape } = probabilities
  const [examples, classes] = shape
  if (indices.data.length !== examples || labels.data.length !== examples) {
    return failed(
      `${layout.predictions} has ${examples} predictions for ${indices.data.length} indices and ${labels.data.length} labels`,
    )
  }
  if (shape.length !== 2 || data.length === 0) {
    return failed(
      `${layout.predictions} is damaged: found probabilities of shape [${shape.join(", ")}], expected [examples, classes]`,
    )
  }
  const outside = outsideProblem(labels.data, indices.data, { classes, examples: datasetExamples })
  if (outside !== undefined) return failed(`${layout.predictions} is damaged: ${outside}`)
  return Result.succeed({ indices: indices.data, labels: labels.data, classes, probabilities: data })
}

export const readPredictions = Effect.fnUntraced(
  function* (runPath: string) {
    const paths = yield* Path.Path
    const bytes = yield* files.readIfExists(paths.join(runPath, layout.predictions))
    if (bytes === undefined) return failed(`${layout.predictions} is missing`)
    const decoded = decodeSafetensors(bytes)
    if (Result.isFailure(decoded)) {
      return failed(`${layout.predictions} is damaged: ${decoded.failure.message}`)
    }
    const tested = yield* readTested(runPath)
    const { fingerprint } = decoded.success.metadata
    if (tested.fingerprint !== undefined && fingerprint !== undefined && fingerprint !== tested.fingerprint) {
      return failed(
        `its ${layout.predictions} is another experiment's: found the fingerprint ${fingerprint.slice(0, 8)}, expected ${tested.fingerprint.slice(0, 8)}`,
      )
    }
    return predictionsOf(decoded.success.tensors, tested.examples)
  },
  (effect) => Effect.catch(effect, (error) => Effect.succeed(failed(error.message))),
)
