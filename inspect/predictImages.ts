/**
 * Predictions for image files: (predictor, paths) -> one result per image in their order: a prediction, or the problem.
 *
 * A stream: an image is read, prepared, predicted and handed over before many others are read, so that memory depends
 * on the size of a batch and not on the number of images.
 */
import { Effect, Result, Runtime, Stream } from "effect"
import type { Doubt } from "../stages/preprocess/Doubt.ts"
import { prepareImage } from "../stages/preprocess/prepare.ts"
import { imageSources, type ImageSource } from "../stages/preprocess/sources.ts"
import type { Predictor } from "./predictor.ts"

export interface Prediction {
  readonly image: string
  readonly label: number
  readonly class: string
  /** By label; they sum to 1. */
  readonly probabilities: ReadonlyArray<number>
  /** The most probable classes, the first of them `class`. */
  readonly top: ReadonlyArray<{
    readonly label: number
    readonly class: string
    readonly probability: number
  }>
  /** What makes the preparation doubtful, and with it the prediction. */
  readonly doubts: ReadonlyArray<Doubt>
}

/** Why an image has no prediction. */
export interface ImageProblem {
  readonly image: string
  readonly error: string
  readonly message: string
  readonly exitCode: number
}

/** `pixels`: the image as the network sees it. */
export type ImageResult =
  | { readonly prediction: Prediction; readonly pixels: Uint8Array }
  | { readonly problem: ImageProblem }

/** Images decoded at a time: keeps two cores busy while one read waits for the disk. */
const concurrency = 3
/** Images that are predicted at a time: at most so many, and no longer collected than this. */
const batch = { images: 100, wait: "1 second" } as const
const classesInTop = 3

/** The most probable labels first; of two equally probable ones, the smaller. */
const topOf = (probabilities: ReadonlyArray<number>, names: ReadonlyArray<string>): Prediction["top"] =>
  probabilities
    .map((probability, label) => ({ label, class: names[label], probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, classesInTop)

const predictBatch = Effect.fnUntraced(function* (
  prepared: ReadonlyArray<PreparedImage>,
  { names, probabilities }: Predictor,
) {
  const pixels = prepared.flatMap((image) => ("pixels" in image ? [image.pixels] : []))
  /** [images, classes] */
  const all = pixels.length === 0 ? new Float32Array() : yield* probabilities(pixels)
  let row = 0
  return prepared.map((image): ImageResult => {
    if ("problem" in image) return image
    const own = Array.from(all.subarray(row * names.length, (row + 1) * names.length))
    row++
    const top = topOf(own, names)
    const { label } = top[0]
    return {
      prediction: {
        image: image.image,
        label,
        class: names[label],
        probabilities: own,
        top,
        doubts: image.doubts,
      },
      pixels: image.pixels,
    }
  })
})

type Prepared = Result.Result<Effect.Success<ReturnType<typeof prepareImage>>, Refused>
type Refused = Effect.Error<ReturnType<typeof prepareImage>> | Effect.Error<ImageSource["read"]>

/** An image that can be predicted, or the reason why it cannot. */
type PreparedImage =
  | ({ readonly image: string } & Effect.Success<ReturnType<typeof prepareImage>>)
  | { readonly problem: ImageProblem }

const toPrepared = (image: string, result: Prepared): PreparedImage => {
  if (Result.isSuccess(result)) return { image, ...result.success }
  const { _tag, [Runtime.errorExitCode]: exitCode, message } = result.failure
  return { problem: { image, error: _tag, message, exitCode } }
}

/** `paths`: files, folders, or - for standard input. */
export const predictImages = Effect.fn("predictImages")(function* (
  predictor: Predictor,
  paths: ReadonlyArray<string>,
) {
  const { dataset, preparation } = predictor
  const { hidden, sources } = yield* imageSources(paths)
  const results = Stream.fromIterable(sources).pipe(
    Stream.mapEffect(
      ({ image, read }) =>
        Effect.suspend(() => read).pipe(
          Effect.flatMap((bytes) => prepareImage(bytes, image, dataset, preparation)),
          Effect.result,
          Effect.map((result) => toPrepared(image, result)),
        ),
      { concurrency },
    ),
    Stream.groupedWithin(batch.images, batch.wait),
    Stream.flatMap((prepared) => Stream.fromIterableEffect(predictBatch(prepared, predictor))),
  )
  return { images: sources.map(({ image }) => image), hidden, results }
})
