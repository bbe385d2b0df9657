/**
 * The validate stage: (dataset, bounds) -> its figures, or the bounds that it violates.
 *
 * Loading has checked each file. This stage compares the train set and the test set with the known bounds of the
 * dataset, and counts test images that are also train images. The figures are the record of the stage.
 */
import { Effect, Schema } from "effect"
import { type Bounds, type Range, shareBounds } from "../../schemas/experiment/Bounds.ts"
import type { DatasetFigures, SetFigures } from "../../schemas/experiment/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { imageReader, imagesAtOnce } from "../dataset/images.ts"
import type { LoadedDataset } from "../dataset/load.ts"
import { PixelCounts } from "../dataset/normalize.ts"
import type { EqualImages } from "./equalImages.ts"

const Violation = Schema.Struct({
  set: Schema.Literals(["train", "test"]),
  figure: Schema.String,
  found: Schema.Finite,
  least: Schema.Finite,
  most: Schema.Finite,
})
type Violation = typeof Violation.Type

/** More violations are only counted. */
const maxShown = 5

const rounded = (value: number) => String(Number(value.toPrecision(6)))

const describe = ({ figure, found, least, most, set }: Violation) =>
  `${figure} of the ${set} set: found ${rounded(found)}, expected ${least === most ? least : `${least} to ${most}`}`

/** Figures of a dataset are out of bounds. */
export class OutOfBounds extends Failure<OutOfBounds>()("OutOfBounds", {
  exitCode: "dataError",
  fields: { dataset: Schema.String, violations: Schema.NonEmptyArray(Violation) },
  message: ({ dataset, violations }) => {
    const more = violations.length > maxShown ? `; and ${violations.length - maxShown} more` : ""
    return `${dataset} is out of bounds: ${violations.slice(0, maxShown).map(describe).join("; ")}${more}; check that the files are those of this dataset`
  },
}) {}

const setFigures = Effect.fnUntraced(function* (data: LoadedDataset, from: number, until: number) {
  const read = imageReader(data)
  const atOnce = imagesAtOnce(data)
  const counts = new PixelCounts()
  for (let at = from; at < until; at += atOnce) {
    counts.add(read(at, Math.min(until, at + atOnce)))
    yield* Effect.yieldNow
  }
  // A set without examples has no pixels: packed data whose test examples the split takes from all.
  const isEmpty = from === until
  const classCounts = Array.from({ length: data.classes }, () => 0)
  for (let example = from; example < until; example++) classCounts[data.labels[example]]++
  const { mean, stddev } = isEmpty ? { mean: 0, stddev: 0 } : counts.figures()
  const figures: SetFigures = {
    examples: until - from,
    classCounts,
    pixelMean: mean,
    pixelStddev: stddev,
  }
  return figures
})

/** The number of test images that equal some train image byte for byte. */
const countDuplicates = ({ trainExamples }: LoadedDataset, equal: EqualImages) =>
  equal.reduce(
    (sum, list) =>
      sum + (list[0] < trainExamples ? list.filter((index) => index >= trainExamples).length : 0),
    0,
  )

/** The figures of a set that are out of bounds. */
const violationsOf = (set: "train" | "test", figures: SetFigures, bounds: Bounds) => {
  if (figures.examples === 0) return []
  const checks: ReadonlyArray<readonly [figure: string, found: number, bound: Range | undefined]> = [
    [
      "the number of examples",
      figures.examples,
      set === "train" ? bounds.trainExamples : bounds.testExamples,
    ],
    ...figures.classCounts.map(
      (count, label) =>
        [`the share of class ${label}`, count / figures.examples, shareBounds(bounds, label)] as const,
    ),
    ["the mean pixel", figures.pixelMean, bounds.pixelMean],
    ["the standard deviation of the pixels", figures.pixelStddev, bounds.pixelStddev],
  ]
  return checks.flatMap(([figure, found, bound]): ReadonlyArray<Violation> => {
    if (bound === undefined || (found >= bound[0] && found <= bound[1])) return []
    return [{ set, figure, found, least: bound[0], most: bound[1] }]
  })
}

export const validateDataset = Effect.fn("validateDataset")(function* (
  data: LoadedDataset,
  bounds: Bounds,
  equal: EqualImages,
) {
  const examples = data.trainExamples + data.testExamples
  const train = yield* setFigures(data, 0, data.trainExamples)
  const test = yield* setFigures(data, data.trainExamples, examples)
  const [first, ...more] = [...violationsOf("train", train, bounds), ...violationsOf("test", test, bounds)]
  if (first !== undefined) return yield* new OutOfBounds({ dataset: data.name, violations: [first, ...more] })
  const duplicates = countDuplicates(data, equal)
  const [height, width, channels] = data.imageShape
  const figures: DatasetFigures = {
    name: data.name,
    classes: data.classes,
    imageShape: [height, width, channels],
    train,
    test,
    duplicates,
  }
  return figures
})
