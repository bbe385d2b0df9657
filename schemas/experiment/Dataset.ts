/**
 * Datasets of labelled images in IDX files: where they come from, how they are split, and how pixels are normalized.
 */
import { Schema } from "effect"
import { Fraction, PositiveInt } from "./numbers.ts"
import { withDefault } from "./withDefault.ts"

/** The four files of a dataset, as LeCun published MNIST. */
export const fileNames = ["trainImages", "trainLabels", "testImages", "testLabels"] as const
export type FileName = (typeof fileNames)[number]

export const RegisteredName = Schema.Literals([
  "mnist",
  "fashion-mnist",
  "kmnist",
  "emnist-digits",
  "emnist-letters",
  "emnist-balanced",
  "qmnist",
])
export type RegisteredName = typeof RegisteredName.Type

/** SHA-256 of the uncompressed content, in lower-case hexadecimal. */
export const Sha256 = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { message: "a SHA-256 digest is 64 lower-case hexadecimal digits" }),
)

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** [minimum, maximum], both included. */
const range = <S extends typeof Share | typeof PositiveInt>(figure: S) =>
  Schema.Tuple([figure, figure]).check(
    Schema.makeFilter(([least, most]: readonly [number, number]) => least <= most, {
      message: "a range is [minimum, maximum]",
    }),
  )

/**
 * Bounds of a dataset: [minimum, maximum] of a figure, both included. A dataset that is out of bounds is refused
 * before training. A figure without a bound may have any value.
 */
export const Bounds = Schema.Struct({
  /** Number of training examples. */
  trainExamples: Schema.optionalKey(range(PositiveInt)),
  /** Number of test examples. */
  testExamples: Schema.optionalKey(range(PositiveInt)),
  /** Share of every class in each set, 0 to 1, or of some classes by label: `{ 3: [0.1, 0.2] }`. */
  classShare: Schema.optionalKey(Schema.Union([range(Share), Schema.Record(Schema.String, range(Share))])),
  /** Mean of all pixels of each set, on the scale 0 to 1. */
  pixelMean: Schema.optionalKey(range(Share)),
  /** Standard deviation of all pixels of each set, on the scale 0 to 1. */
  pixelStddev: Schema.optionalKey(range(Share)),
})
export type Bounds = typeof Bounds.Type
export type Range = readonly [least: number, most: number]

const isRange = (share: NonNullable<Bounds["classShare"]>): share is Range => Array.isArray(share)

/** The bound of the share of a class; undefined without one. */
export const shareBounds = ({ classShare }: Bounds, label: number): Range | undefined =>
  classShare === undefined || isRange(classShare) ? classShare : classShare[label]

const Source = Schema.Struct({
  /** A path, relative to the working folder, or an http(s) or file URL. The file is IDX, uncompressed or gzip. */
  source: Schema.NonEmptyString,
  /** SHA-256 of the uncompressed content, in lower-case hexadecimal. Other content is refused. Default: any content. */
  sha256: Schema.optionalKey(Sha256),
})

/** Whether a key is the label of a class. */
export const isLabel = (key: string, classes: number) => /^(0|[1-9]\d*)$/.test(key) && Number(key) < classes
export const notALabel = (classes: number) => `no class has this label; labels are 0 to ${classes - 1}`

/** A user's own dataset in four IDX files. */
export const OwnDataset = Schema.Struct({
  /** At most 64 lower-case letters, digits and -. */
  name: Schema.String.check(
    Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,63}$/, {
      message: "a dataset's name is lower-case letters, digits and -",
    }),
  ),
  /** Number of classes, 2 to 1000. Labels are 0 to classes - 1. */
  classes: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 1000 })),
  /** [height, width] or [height, width, channels] of every image. */
  imageShape: Schema.Union([
    Schema.Tuple([PositiveInt, PositiveInt]),
    Schema.Tuple([PositiveInt, PositiveInt, PositiveInt]),
  ]),
  /** IDX file of bytes: [examples, height, width] or [examples, height, width, channels]. */
  trainImages: Source,
  /** IDX file of integers: [examples]. */
  trainLabels: Source,
  /** IDX file of bytes: [examples, height, width] or [examples, height, width, channels]. */
  testImages: Source,
  /** IDX file of integers: [examples]. */
  testLabels: Source,
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  bounds: Schema.optionalKey(Bounds),
}).check(
  Schema.makeFilter(({ bounds, classes }) => {
    const share = bounds?.classShare
    if (share === undefined || isRange(share)) return undefined
    return Object.keys(share)
      .filter((label) => !isLabel(label, classes))
      .map((label) => ({ path: ["bounds", "classShare", label], issue: notALabel(classes) }))
  }),
)
export type OwnDataset = typeof OwnDataset.Type

/** The name of a registered dataset (`stages/fetch/datasets.ts`), or a user's own dataset. */
export const Dataset = Schema.Union([RegisteredName, OwnDataset])
export type Dataset = typeof Dataset.Type

export const Split = Schema.Union([
  /** The test set of the dataset is the test split. The validation split is drawn from the train set. */
  Schema.Struct({
    kind: Schema.Literal("standard"),
    /** Number of validation examples. Default: 5000. */
    validation: withDefault(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)), 5000),
    /** Determines the shuffle of the split; independent of the seed of the experiment. Default: 0. */
    seed: withDefault(Schema.Int, 0),
  }),
  /** All examples are pooled, shuffled and split. */
  Schema.Struct({
    kind: Schema.Literal("pooled"),
    /** Share of all examples in the test split, at least 0 and below 1. */
    test: Fraction,
    /** Share of the other examples in the validation split, at least 0 and below 1. Default: 0.1. */
    validation: withDefault(Fraction, 0.1),
    /** Determines the shuffle of the split; independent of the seed of the experiment. Default: 0. */
    seed: withDefault(Schema.Int, 0),
  }),
])
export type Split = typeof Split.Type

/** `unit`: pixel / 255, in [0, 1]. `standardized`: (pixel - mean) / standard deviation over the train split. */
export const Normalization = Schema.Literals(["unit", "standardized"])
export type Normalization = typeof Normalization.Type

/** A verified, uncompressed file. */
export const FetchedFile = Schema.Struct({
  path: Schema.String,
  sizeBytes: Schema.Int,
  sha256: Sha256,
  /** Where the content came from: an npm package, a URL or a path; `cache (…)` around it if the file was in the cache. */
  source: Schema.String,
})
export type FetchedFile = typeof FetchedFile.Type

/** The source of a file that was in the cache already. */
export const cachedSource = (source: string): string => `cache (${source})`

/** Where the content of a file came from, whether or not it was in the cache. */
export const originOf = ({ source }: FetchedFile): string => /^cache \((.*)\)$/.exec(source)?.[1] ?? source

/** [height, width, channels] */
const ImageShape = Schema.Tuple([Schema.Int, Schema.Int, Schema.Int])

/** How a dataset's files differ from MNIST's. */
export const Layout = Schema.Struct({
  /** Images are stored column by column. */
  transposed: Schema.Boolean,
  /** The label of the first class. */
  firstLabel: Schema.Int,
  /** Numbers in one label, the class first. */
  labelColumns: Schema.Int,
})
export type Layout = typeof Layout.Type

/** The verified, uncompressed files of a dataset: the result of the fetch stage. */
export const FetchedDataset = Schema.Struct({
  name: Schema.String,
  classes: Schema.Int,
  imageShape: ImageShape,
  layout: Layout,
  files: Schema.Struct({
    trainImages: FetchedFile,
    trainLabels: FetchedFile,
    testImages: FetchedFile,
    testLabels: FetchedFile,
  }),
})
export type FetchedDataset = typeof FetchedDataset.Type

export const SetFigures = Schema.Struct({
  examples: Schema.Int,
  /** Examples of each class, by label. */
  classCounts: Schema.Array(Schema.Int),
  /** Over all pixels, on the scale 0 to 1. */
  pixelMean: Schema.Finite,
  pixelStddev: Schema.Finite,
})
export type SetFigures = typeof SetFigures.Type

/** Mean and population standard deviation of pixels, on the scale 0 to 1. */
export const PixelFigures = Schema.Struct({ mean: Schema.Finite, stddev: Schema.Finite })
export type PixelFigures = typeof PixelFigures.Type

const Labels = Schema.Array(Schema.Int)

/** The labels of classes without an example, by split. */
export const EmptyClasses = Schema.Struct({ train: Labels, validation: Labels, test: Labels })
export type EmptyClasses = typeof EmptyClasses.Type

/** The figures of a dataset: the result of the validate stage, which the report shows. */
export const DatasetFigures = Schema.Struct({
  name: Schema.String,
  classes: Schema.Int,
  imageShape: ImageShape,
  train: SetFigures,
  test: SetFigures,
  /** Test images that equal a train image byte for byte. */
  duplicates: Schema.Int,
  /**
   * Mean and standard deviation of the train split, if pixels are standardized. Predictions need them. Records of
   * older versions lack them.
   */
  standardizedBy: Schema.optionalKey(PixelFigures),
  /** Classes without an example in a split; absent if there are none. Records of older versions lack it. */
  emptyClasses: Schema.optionalKey(EmptyClasses),
})
export type DatasetFigures = typeof DatasetFigures.Type
