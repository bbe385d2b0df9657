/**
 * predictions.safetensors, the test predictions of a model: (predictions) -> bytes, and (run directory) -> predictions or the
 * reason why they cannot be read. Only this file knows the format.
 */
import { Effect, Path, Result, Schema } from "effect"
import * as files from "./files.ts"
import { layout } from "./runDirectory.ts"
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts"

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

const decodeReport = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ fingerprint: Schema.String })),
)

/** Of the experiment that the report is about; undefined for the report of an ensemble, or one that cannot be read. */
const reportFingerprint = Effect.fnUntraced(function* (runPath: string) {
  const paths = yield* Path.Path
  const text = yield* files.readStringIfExists(paths.join(runPath, layout.report))
  if (text === undefined) return undefined
  const report = yield* decodeReport(text).pipe(Effect.option)
  return report._tag === "Some" ? report.value.fingerprint : undefined
})

const failed = (problem: string): Result.Result<Predictions, string> => Result.fail(problem)

export const readPredictions = Effect.fnUntraced(
  function* (runPath: string) {
    const paths = yield* Path.Path
    const bytes = yield* files.readIfExists(paths.join(runPath, layout.predictions))
    if (bytes === undefined) return failed(`${layout.predictions} is missing`)
    const decoded = decodeSafetensors(bytes)
    if (Result.isFailure(decoded)) {
      return failed(`${layout.predictions} is damaged: ${decoded.failure.message}`)
    }
    const tested = yield* reportFingerprint(runPath)
    const { fingerprint } = decoded.success.metadata
    if (tested !== undefined && fingerprint !== undefined && fingerprint !== tested) {
      return failed(
        `its ${layout.predictions} is another experiment's: found the fingerprint ${fingerprint.slice(0, 8)}, expected ${tested.slice(0, 8)}`,
      )
    }
    const named = (name: string) => decoded.success.tensors.find((tensor) => tensor.name === name)
    const [probabilities, labels, indices] = [named("probabilities"), named("labels"), named("indices")]
    if (
      !(probabilities?.data instanceof Float32Array) ||
      !(labels?.data instanceof Int32Array) ||
      !(indices?.data instanceof Int32Array)
    ) {
      return failed(`${layout.predictions} lacks probabilities, labels or indices`)
    }
    const [examples, classes] = probabilities.shape
    if (indices.data.length !== examples || labels.data.length !== examples) {
      return failed(
        `${layout.predictions} has ${examples} predictions for ${indices.data.length} indices and ${labels.data.length} labels`,
      )
    }
    return Result.succeed<Predictions>({
      indices: indices.data,
      labels: labels.data,
      classes,
      probabilities: probabilities.data,
    })
  },
  (effect) => Effect.catch(effect, (error) => Effect.succeed(failed(error.message))),
)
