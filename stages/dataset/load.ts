/**
 * Loads a fetched dataset: (FetchedDataset) -> images of one byte a pixel, in memory or in their files (`images.ts`), and one
 * integer a label, train set before test set.
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
import type { Images, ImageShape } from "./images.ts"
import { changed, loadImages, shapeOf } from "./loadImages.ts"

export interface LoadedDataset {
  readonly name: string
  readonly classes: number
  readonly imageShape: ImageShape
  /** [trainExamples + testExamples, height, width, channels], 0 to 255. */
  readonly images: Images
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

const readIdx = Effect.fnUntraced(function* (file: FetchedFile) {
  const bytes = yield* read(file.path)
  const sha256 = yield* digestOf("sha256", bytes)
  if (sha256 !== file.sha256) return yield* changed(file, bytes.byteLength, sha256)
  return yield* Effect.fromResult(parseIdx(bytes, originOf(file)))
})

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

/** The groups that packing wrote, whose digest is checked. */
const loadGroups = Effect.fnUntraced(function* (file: FetchedFile) {
  const { data } = yield* readIdx(file)
  return Int32Array.from(data)
})

/** Images that are not in memory are in open files until the scope ends. */
export const loadDataset = Effect.fn("loadDataset")(function* (fetched: FetchedDataset) {
  const { classes, files, imageShape, layout, name } = fetched
  const [height, width, channels] = imageShape
  const { counts, images } = yield* loadImages(fetched, [files.trainImages, files.testImages])
  const loadLabels = Effect.fnUntraced(function* (file: FetchedFile, examples: number) {
    return yield* Effect.fromResult(
      labelsOf(yield* readIdx(file), originOf(file), { examples, classes, layout }),
    )
  })
  const train = yield* loadLabels(files.trainLabels, counts[0])
  const test = yield* loadLabels(files.testLabels, counts[1])
  const groups = fetched.packed?.groups === undefined ? undefined : yield* loadGroups(fetched.packed.groups)
  const labels = new Int32Array(train.length + test.length)
  labels.set(train)
  labels.set(test, train.length)
  const dataset: LoadedDataset = {
    name,
    classes,
    imageShape: [height, width, channels],
    images,
    labels,
    trainExamples: train.length,
    testExamples: test.length,
    ...(groups === undefined ? {} : { groups }),
  }
  return dataset
})
