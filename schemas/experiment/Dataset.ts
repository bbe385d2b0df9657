/**
 * Datasets of labelled images: where they come from, the files that fetch makes of them, and their figures.
 */
import * as Schema from "effect/Schema"
import { Bounds, boundsProblems } from "./Bounds.ts"
import { DatasetName, ImageShape, PackedDataset } from "./PackedDataset.ts"
import { Sha256 } from "./Sha256.ts"

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

const Source = Schema.Struct({
  /** A path, relative to the working folder, or an http(s) or file URL. The file is IDX, uncompressed or gzip. */
  source: Schema.NonEmptyString,
  /** SHA-256 of the uncompressed content, in lower-case hexadecimal. Other content is refused. Default: any content. */
  sha256: Schema.optionalKey(Sha256),
})

/** A user's own dataset in four IDX files. */
export const OwnDataset = Schema.Struct({
  /** At most 64 lower-case letters, digits and -. */
  name: DatasetName,
  /** Number of classes, 2 to 1000. Labels are 0 to classes - 1. */
  classes: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 1000 })),
  /** [height, width] or [height, width, channels] of every image. */
  imageShape: ImageShape,
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
}).check(Schema.makeFilter(({ bounds, classes }) => boundsProblems(bounds, classes)))
export type OwnDataset = typeof OwnDataset.Type

/** The name of a registered dataset (`stages/fetch/datasets.ts`), or a user's own dataset. */
export const Dataset = Schema.Union([RegisteredName, OwnDataset, ...PackedDataset.members])
export type Dataset = typeof Dataset.Type

/** Whether the dataset is packed when it is fetched: its files are not the four IDX files of `FetchedDataset`. */
export const isPacked = <D extends object | string>(
  dataset: D,
): dataset is Extract<D, { readonly kind: string }> => typeof dataset === "object" && "kind" in dataset

/**
 * `unit`: pixel / 255, in [0, 1]. `standardized`: (pixel - mean) / standard deviation over the train split.
 * `standardizedByChannel`: the same with mean and standard deviation of each channel.
 */
export const Normalization = Schema.Literals(["unit", "standardized", "standardizedByChannel"])
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
const FullShape = Schema.Tuple([Schema.Int, Schema.Int, Schema.Int])

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

/** The name of each class, by label. */
const ClassNames = Schema.Array(Schema.String)

/** A source file that is not in the dataset, with the reason. */
export const ExcludedFile = Schema.Struct({
  path: Schema.String,
  reason: Schema.String,
  /** Of the bytes of the file; null if it could not be read. */
  sha256: Schema.NullOr(Sha256),
})
export type ExcludedFile = typeof ExcludedFile.Type

/** How often something that may be a mistake was seen in the images that were packed. */
export const ImageCounts = Schema.Record(Schema.String, Schema.Int)
export type ImageCounts = typeof ImageCounts.Type

/** What packing found in addition to the arrays. */
export const Packed = Schema.Struct({
  /**
   * SHA-256 over the digests of pixels, labels and groups, and of the excluded files if there are any: equal datasets have equal
   * ones, whatever they came from.
   */
  digest: Sha256,
  /** The name of each example, a JSON text a line, in the order of the arrays: path, or file and position. */
  names: FetchedFile,
  /** The group of each example: the first 64 bits of the SHA-256 of its name, as two integers. */
  groups: Schema.optionalKey(FetchedFile),
  /** Source files that were read. */
  sources: Schema.Int,
  /** Hidden files and folders of systems and tools. */
  skipped: Schema.Int,
  excluded: Schema.Array(ExcludedFile),
  images: ImageCounts,
})
export type Packed = typeof Packed.Type

/** The verified, uncompressed files of a dataset: the result of the fetch stage. */
export const FetchedDataset = Schema.Struct({
  name: Schema.String,
  classes: Schema.Int,
  imageShape: FullShape,
  layout: Layout,
  files: Schema.Struct({
    trainImages: FetchedFile,
    trainLabels: FetchedFile,
    testImages: FetchedFile,
    testLabels: FetchedFile,
  }),
  /** The name of each class, by label. Absent if labels are all that is known, and from records of older versions. */
  classNames: Schema.optionalKey(ClassNames),
  /** What was packed, if the files were made by packing. */
  packed: Schema.optionalKey(Packed),
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

/** By what pixels are standardized: figures of all channels together, or of each. */
export const Standardization = Schema.Union([PixelFigures, Schema.NonEmptyArray(PixelFigures)])
export type Standardization = typeof Standardization.Type

const Labels = Schema.Array(Schema.Int)

/** The labels of classes without an example, by split. */
export const EmptyClasses = Schema.Struct({ train: Labels, validation: Labels, test: Labels })
export type EmptyClasses = typeof EmptyClasses.Type

const Alike = Schema.Struct({
  /** Indices in the dataset, train files first. */
  first: Schema.Int,
  second: Schema.Int,
  /** The name and the split of each. */
  firstName: Schema.String,
  secondName: Schema.String,
  /** Of the gray pixels. */
  correlation: Schema.Finite,
})

/** Images of several splits that look alike, but are not equal. */
export const NearDuplicateFigures = Schema.Struct({
  /** Pairs that were found. */
  pairs: Schema.Int,
  /** Whether all images were compared. */
  isComplete: Schema.Boolean,
  /** The most similar ones. */
  examples: Schema.Array(Alike),
})
export type NearDuplicateFigures = typeof NearDuplicateFigures.Type

/** The figures of a dataset: the result of the validate stage, which the report shows. */
export const DatasetFigures = Schema.Struct({
  name: Schema.String,
  classes: Schema.Int,
  imageShape: FullShape,
  train: SetFigures,
  test: SetFigures,
  /** Test images that equal a train image byte for byte. */
  duplicates: Schema.Int,
  /**
   * Mean and standard deviation of the train split, if pixels are standardized; of each channel if it is by channel.
   * Predictions need them. Records of older versions lack them.
   */
  standardizedBy: Schema.optionalKey(Standardization),
  /** Classes without an example in a split; absent if there are none. Records of older versions lack it. */
  emptyClasses: Schema.optionalKey(EmptyClasses),
  /** The name of each class, by label. Absent if labels are all that is known, and from records of older versions. */
  classNames: Schema.optionalKey(ClassNames),
  /** The number of examples of each split, if the split depends on more than the sizes of both sets. */
  split: Schema.optionalKey(Schema.Struct({ train: Schema.Int, validation: Schema.Int, test: Schema.Int })),
  /** Only of packed datasets. Records of older versions lack it. */
  nearDuplicates: Schema.optionalKey(NearDuplicateFigures),
})
export type DatasetFigures = typeof DatasetFigures.Type
