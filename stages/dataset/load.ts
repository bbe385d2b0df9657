/**
 * Loads a fetched dataset: (FetchedDataset) -> images of one byte a pixel and one integer a label, train set before
 * test set.
 *
 * Checks that the bytes are those that were fetched, that images have the shape of the dataset, that there is one
 * label for each image, and that every label is a class. Differences in layout (transposed images, labels from 1,
 * labels of several columns) are removed here.
 */
import { Effect, Result, Schema } from "effect"
import {
  type FetchedDataset,
  type FetchedFile,
  type Layout,
  originOf,
} from "../../schemas/experiment/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { read } from "../../storage/files.ts"
import { digestOf } from "../digest.ts"
import { type Idx, parseIdx } from "./idx.ts"

export interface ResidentDataset {
  readonly name: string
  readonly classes: number
  readonly imageShape: readonly [height: number, width: number, channels: number]
  /** [trainExamples + testExamples, height, width, channels], 0 to 255. */
  readonly images: Uint8Array
  /** [trainExamples + testExamples], 0 to `classes - 1`. */
  readonly labels: Int32Array
  readonly trainExamples: number
  readonly testExamples: number
  /** [examples, 2]: the first 64 bits of the digest of each example's group; only if the dataset has groups. */
  readonly groups?: Int32Array
}

const fault = {
  path: Schema.String,
  found: Schema.String,
  expected: Schema.String,
  advice: Schema.String,
}

/** A file has changed since it was fetched. */
export class ChecksumMismatch extends Failure<ChecksumMismatch>()("ChecksumMismatch", {
  exitCode: "dataError",
  fields: fault,
  message: ({ advice, expected, found, path }) =>
    `${path} has changed: found ${found}, expected ${expected}; ${advice}`,
}) {}

/** Images whose size, type or number of channels is not that of the dataset. */
export class ImageShapeMismatch extends Failure<ImageShapeMismatch>()("ImageShapeMismatch", {
  exitCode: "dataError",
  fields: fault,
  message: ({ advice, expected, found, path }) =>
    `${path} does not hold the dataset's images: found ${found}, expected ${expected}; ${advice}`,
}) {}

/** Labels that are not one row of integers for each example. */
export class LabelShapeMismatch extends Failure<LabelShapeMismatch>()("LabelShapeMismatch", {
  exitCode: "dataError",
  fields: fault,
  message: ({ advice, expected, found, path }) =>
    `${path} does not hold the dataset's labels: found ${found}, expected ${expected}; ${advice}`,
}) {}

/** Images and labels differ in number. */
export class CountMismatch extends Failure<CountMismatch>()("CountMismatch", {
  exitCode: "dataError",
  fields: fault,
  message: ({ advice, expected, found, path }) =>
    `${path} does not fit its images: found ${found}, expected ${expected}; ${advice}`,
}) {}

/** A label that is not a class. */
export class LabelOutOfRange extends Failure<LabelOutOfRange>()("LabelOutOfRange", {
  exitCode: "dataError",
  fields: fault,
  message: ({ advice, expected, found, path }) =>
    `${path} holds a label outside the classes: found ${found}, expected ${expected}; ${advice}`,
}) {}

const shapeOf = (idx: Idx): string => `${idx.type} [${idx.dims.join(", ")}]`

const readIdx = Effect.fnUntraced(function* (file: FetchedFile) {
  const bytes = yield* read(file.path)
  const sha256 = yield* digestOf("sha256", bytes)
  if (sha256 !== file.sha256) {
    return yield* new ChecksumMismatch({
      path: file.path,
      found: `${bytes.byteLength} bytes of SHA-256 ${sha256}`,
      expected: `${file.sizeBytes} bytes of SHA-256 ${file.sha256}`,
      advice: "delete it and fetch it again",
    })
  }
  return yield* Effect.fromResult(parseIdx(bytes, originOf(file)))
})

/** The pixels of an image file, checked to be [examples, height, width] or [examples, height, width, channels] bytes. */
const imagesOf = (
  idx: Idx,
  path: string,
  shape: ResidentDataset["imageShape"],
  /** Of packed data, whose test examples a split may take from all. */
  mayBeEmpty: boolean,
) => {
  const [height, width, channels] = shape
  const wanted = channels === 1 ? [height, width] : [height, width, channels]
  const dims = idx.dims.length === 4 && channels === 1 && idx.dims[3] === 1 ? idx.dims.slice(0, 3) : idx.dims
  const fits = dims.length === wanted.length + 1 && wanted.every((size, axis) => dims[axis + 1] === size)
  return idx.type === "uint8" && fits && (idx.dims[0] > 0 || mayBeEmpty)
    ? Result.succeed(idx.data)
    : Result.fail(
        new ImageShapeMismatch({
          path,
          found: shapeOf(idx),
          expected: `uint8 [examples, ${wanted.join(", ")}]`,
          advice: "check the dataset's imageShape, and that this is the image file",
        }),
      )
}

/** The class of each example, from 0. */
const labelsOf = (
  idx: Idx,
  path: string,
  options: { readonly examples: number; readonly classes: number; readonly layout: Layout },
): Result.Result<Int32Array, LabelShapeMismatch | CountMismatch | LabelOutOfRange> => {
  const { classes, examples, layout } = options
  const columns = layout.labelColumns
  const fits = columns === 1 ? idx.dims.length === 1 : idx.dims.length === 2 && idx.dims[1] === columns
  if (!fits || idx.type === "float32" || idx.type === "float64") {
    return Result.fail(
      new LabelShapeMismatch({
        path,
        found: shapeOf(idx),
        expected: `integers of shape ${columns === 1 ? "[examples]" : `[examples, ${columns}]`}`,
        advice: "check that this is the label file",
      }),
    )
  }
  if (idx.dims[0] !== examples) {
    return Result.fail(
      new CountMismatch({
        path,
        found: `${idx.dims[0]} labels`,
        expected: `${examples}, one for each image`,
        advice: "check that both files are of the same set",
      }),
    )
  }
  const labels = new Int32Array(examples)
  for (let example = 0; example < examples; example++) {
    const label = idx.data[example * columns] - layout.firstLabel
    if (label < 0 || label >= classes) {
      return Result.fail(
        new LabelOutOfRange({
          path,
          found: `${label + layout.firstLabel} at example ${example}`,
          expected: `${layout.firstLabel} to ${layout.firstLabel + classes - 1}`,
          advice: "check the dataset's classes, and that this is the label file",
        }),
      )
    }
    labels[example] = label
  }
  return Result.succeed(labels)
}

/** Images between two yields: about 5 ms of work. */
const imagesAtOnce = 2048

/** Transposes images from [examples, width, height, channels] to [examples, height, width, channels]. */
export const transpose = Effect.fnUntraced(function* (
  from: Uint8Array,
  to: Uint8Array,
  shape: ResidentDataset["imageShape"],
) {
  const [height, width, channels] = shape
  const size = height * width * channels
  for (let image = 0; image * size < from.length; image++) {
    const start = image * size
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          to[start + (y * width + x) * channels + c] = from[start + (x * height + y) * channels + c]
        }
      }
    }
    if (image % imagesAtOnce === imagesAtOnce - 1) yield* Effect.yieldNow
  }
})

/** The verified pixels of one image file of a dataset, as they are stored. */
export const loadImages = Effect.fnUntraced(function* (
  { imageShape, layout, packed }: Pick<FetchedDataset, "imageShape" | "layout" | "packed">,
  file: FetchedFile,
) {
  const [height, width, channels] = imageShape
  const stored: ResidentDataset["imageShape"] = layout.transposed ? [width, height, channels] : imageShape
  return yield* Effect.fromResult(
    imagesOf(yield* readIdx(file), originOf(file), stored, packed !== undefined),
  )
})

/** The groups that packing wrote, whose digest is checked. */
const loadGroups = Effect.fnUntraced(function* (file: FetchedFile) {
  const { data } = yield* readIdx(file)
  return Int32Array.from(data)
})

export const loadDataset = Effect.fn("loadDataset")(function* (fetched: FetchedDataset) {
  const { classes, files, imageShape, layout, name } = fetched
  const [height, width, channels] = imageShape
  const pixels = height * width * channels

  const loadSet = Effect.fnUntraced(function* (images: FetchedFile, labels: FetchedFile) {
    const content = yield* loadImages(fetched, images)
    const examples = content.length / pixels
    return {
      images: content,
      labels: yield* Effect.fromResult(
        labelsOf(yield* readIdx(labels), originOf(labels), { examples, classes, layout }),
      ),
    }
  })
  const train = yield* loadSet(files.trainImages, files.trainLabels)
  const test = yield* loadSet(files.testImages, files.testLabels)

  // Shared memory, so that the thread that fills batches needs no copy.
  const images = new Uint8Array(new SharedArrayBuffer(train.images.length + test.images.length))
  for (const [set, at] of [
    [train.images, 0],
    [test.images, train.images.length],
  ] as const) {
    if (layout.transposed) yield* transpose(set, images.subarray(at), imageShape)
    else images.set(set, at)
    yield* Effect.yieldNow
  }
  const groups = fetched.packed?.groups === undefined ? undefined : yield* loadGroups(fetched.packed.groups)
  const labels = new Int32Array(train.labels.length + test.labels.length)
  labels.set(train.labels)
  labels.set(test.labels, train.labels.length)
  const resident: ResidentDataset = {
    name,
    classes,
    imageShape,
    images,
    labels,
    trainExamples: train.labels.length,
    testExamples: test.labels.length,
    ...(groups === undefined ? {} : { groups }),
  }
  return resident
})
