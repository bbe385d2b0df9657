/**
 * What is trained on: a dataset of labelled images in IDX files, how it is split and how pixels become numbers.
 */
import { Schema } from "effect"
import { Fraction, PositiveInt } from "./Model.ts"
import { withDefault } from "./withDefault.ts"

/** The four files of a dataset in LeCun's layout. */
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

/** [least, most], both included. */
const range = <S extends typeof Share | typeof PositiveInt>(figure: S) =>
  Schema.Tuple([figure, figure]).check(
    Schema.makeFilter(([least, most]: readonly [number, number]) => least <= most, {
      message: "a range is [least, most]",
    }),
  )

/**
 * What the figures of a dataset must be. What is outside is refused before anything is trained; what is left out may be
 * anything.
 */
export const Bounds = Schema.Struct({
  trainExamples: Schema.optionalKey(range(PositiveInt)),
  testExamples: Schema.optionalKey(range(PositiveInt)),
  /** The share of a class among the examples of either set: of every class, or of some by label. */
  classShare: Schema.optionalKey(Schema.Union([range(Share), Schema.Record(Schema.String, range(Share))])),
  /** Over all pixels of either set, on the scale 0 to 1. */
  pixelMean: Schema.optionalKey(range(Share)),
  pixelStddev: Schema.optionalKey(range(Share)),
})
export type Bounds = typeof Bounds.Type
export type Range = readonly [least: number, most: number]

const isRange = (share: NonNullable<Bounds["classShare"]>): share is Range => Array.isArray(share)

/** What the share of a class must be, where it is bounded. */
export const shareBounds = ({ classShare }: Bounds, label: number): Range | undefined =>
  classShare === undefined || isRange(classShare) ? classShare : classShare[label]

/** A file of a user's own dataset: a path (relative to the working folder) or an http(s) URL; gzip is recognized. */
const Source = Schema.Struct({ source: Schema.NonEmptyString, sha256: Schema.optionalKey(Sha256) })

/** Whether a key names a class. */
export const isLabel = (key: string, classes: number) => /^(0|[1-9]\d*)$/.test(key) && Number(key) < classes
export const notALabel = (classes: number) => `there is no such class; labels are 0 to ${classes - 1}`

/** A user's own dataset: four IDX files. Labels are 0 to `classes - 1`. */
export const OwnDataset = Schema.Struct({
  name: Schema.String.check(
    Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,63}$/, {
      message: "a dataset's name is lower-case letters, digits and -",
    }),
  ),
  classes: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 1000 })),
  /** [height, width] or [height, width, channels]: what the images must be. */
  imageShape: Schema.Union([
    Schema.Tuple([PositiveInt, PositiveInt]),
    Schema.Tuple([PositiveInt, PositiveInt, PositiveInt]),
  ]),
  trainImages: Source,
  trainLabels: Source,
  testImages: Source,
  testLabels: Source,
  /** It judges the data and changes no result, so it is not in the fingerprint. */
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

/** A name in the registry (`stages/fetch/datasets.ts`) or a user's own four files. */
export const Dataset = Schema.Union([RegisteredName, OwnDataset])
export type Dataset = typeof Dataset.Type

export const Split = Schema.Union([
  /** The dataset's own train and test sets; the last `validation` examples of a seeded shuffle of train validate. */
  Schema.Struct({
    kind: Schema.Literal("standard"),
    validation: withDefault(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)), 5000),
    seed: withDefault(Schema.Int, 0),
  }),
  /** All examples pooled and split anew: `test` of them for the test, `validation` of the rest for validation. */
  Schema.Struct({
    kind: Schema.Literal("pooled"),
    test: Fraction,
    validation: withDefault(Fraction, 0.1),
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
  /** Where the content came from: an npm package, a URL or a path, and whether by way of the cache. */
  source: Schema.String,
})
export type FetchedFile = typeof FetchedFile.Type

/** The source of a file that was in the cache already. */
export const cachedSource = (source: string): string => `cache (${source})`

/** A file as its owner knows it: where its content came from, by way of the cache or not. */
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

/** Where the verified, uncompressed files of a dataset are: what fetch hands to validate. */
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

/** Mean and standard deviation (of the population) of pixels, on the scale 0 to 1. */
export const PixelFigures = Schema.Struct({ mean: Schema.Finite, stddev: Schema.Finite })
export type PixelFigures = typeof PixelFigures.Type

/** What validate found out: the figures a report shows and the next stages need. */
export const DatasetFigures = Schema.Struct({
  name: Schema.String,
  classes: Schema.Int,
  imageShape: ImageShape,
  train: SetFigures,
  test: SetFigures,
  /** Test images whose bytes equal some train image's. */
  duplicates: Schema.Int,
  /** Of the train split, where pixels are standardized: whoever asks the model needs them. Not in the records of older versions. */
  standardizedBy: Schema.optionalKey(PixelFigures),
})
export type DatasetFigures = typeof DatasetFigures.Type
