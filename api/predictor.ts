/** A trained run as a classifier in memory: (run) -> predictions for images, as often as wanted. */
import { Effect, type Scope, Stream } from "effect"
import { engineOnDevice } from "../engines/onDevice.ts"
import { type ImageResult, predictImages } from "../inspect/predictImages.ts"
import { makePredictor } from "../inspect/predictor.ts"
import { findRun } from "../storage/runDirectory.ts"
import { standalone, standaloneStream } from "./services.ts"
import type { TidemarkError } from "./TidemarkError.ts"
import type { ImagePrediction, ImageRefusal, PredictorOptions } from "./types.ts"

export interface Predictor {
  /** Names by label. */
  readonly classes: ReadonlyArray<string>
  /** [height, width, channels] of the images that the network takes. */
  readonly imageShape: readonly [number, number, number]
  /**
   * Predicts image files (PNG, JPEG, WebP), folders of them, or `-` for standard input: one result for each image, in their
   * order, as they come. Memory does not depend on their number.
   */
  readonly predict: (
    ...paths: ReadonlyArray<string>
  ) => Stream.Stream<ImagePrediction | ImageRefusal, TidemarkError>
  /**
   * Probabilities of images that are in the format of the dataset already: pixels 0 to 255, row-major, as long as
   * `imageShape` says. Row by row the classes of an image; each row sums to 1.
   */
  readonly probabilities: (images: ReadonlyArray<Uint8Array>) => Effect.Effect<Float32Array, TidemarkError>
}

const toResult = (result: ImageResult): ImagePrediction | ImageRefusal => {
  if ("problem" in result) return { image: result.problem.image, problem: result.problem.message }
  const { class: name, doubts, image, label, probabilities } = result.prediction
  return { image, label, class: name, probabilities, doubts }
}

/** Loads a run: an id, its first or last characters, a path, or `latest`. Several names are averaged. The scope frees it. */
export const predictor = (
  run: string | ReadonlyArray<string>,
  { checkpoint, device, engine, runsDir = "runs" }: PredictorOptions = {},
): Effect.Effect<Predictor, TidemarkError, Scope.Scope> =>
  standalone(
    Effect.gen(function* () {
      const names = typeof run === "string" ? [run] : run
      const runs = yield* Effect.forEach(names, (name) => findRun(runsDir, name))
      const loaded = yield* makePredictor(runs, {
        checkpoint: checkpoint === undefined ? undefined : String(checkpoint),
        // `auto` without an engine: that of the run, on the processor.
        engine: yield* engineOnDevice(engine, engine === undefined && device === "auto" ? undefined : device),
        device,
        combination: "mean",
      })
      return {
        classes: loaded.names,
        imageShape: loaded.dataset.imageShape,
        predict: (...paths) =>
          standaloneStream(
            Stream.unwrap(Effect.map(predictImages(loaded, paths), ({ results }) => results)).pipe(
              Stream.map(toResult),
            ),
          ),
        probabilities: (images) => standalone(loaded.probabilities(images)),
      } satisfies Predictor
    }),
  )
