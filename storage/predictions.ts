/**
 * predictions.safetensors: what a model answered to each test example. (answers) -> bytes, and (run directory) -> answers,
 * or in words why they are not known. Every writer and reader of it is here.
 */
import { Effect, Path, Result } from "effect"
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

/** `fingerprint`: of the experiment, or of what else gave the answers. */
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

const failed = (problem: string): Result.Result<Predictions, string> => Result.fail(problem)

export const readPredictions = Effect.fnUntraced(
  function* (runPath: string) {
    const paths = yield* Path.Path
    const bytes = yield* files.readIfExists(paths.join(runPath, layout.predictions))
    if (bytes === undefined) return failed(`it has no ${layout.predictions}`)
    const decoded = decodeSafetensors(bytes)
    if (Result.isFailure(decoded)) {
      return failed(`its ${layout.predictions} is damaged: ${decoded.failure.message}`)
    }
    const named = (name: string) => decoded.success.tensors.find((tensor) => tensor.name === name)
    const [probabilities, labels, indices] = [named("probabilities"), named("labels"), named("indices")]
    if (
      !(probabilities?.data instanceof Float32Array) ||
      !(labels?.data instanceof Int32Array) ||
      !(indices?.data instanceof Int32Array)
    ) {
      return failed(`its ${layout.predictions} has no probabilities, labels and indices`)
    }
    const [examples, classes] = probabilities.shape
    if (indices.data.length !== examples || labels.data.length !== examples) {
      return failed(
        `its ${layout.predictions} has ${examples} answers to ${indices.data.length} examples with ${labels.data.length} labels`,
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
