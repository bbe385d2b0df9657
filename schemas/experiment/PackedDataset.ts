/**
 * Datasets in the formats that people have: folders of images, a manifest, NumPy arrays, CIFAR's binary files, tar files of
 * WebDataset, Parquet files, tables of pixels. Fetch packs each of them into the same four files, so that the rest of a run is the same for all.
 */
import * as Schema from "effect/Schema"
import { Bounds, boundsProblems } from "./Bounds.ts"
import { NonNegativeInt, PositiveInt } from "./numbers.ts"
import { FilePath, FolderPath, SourceFile, SourceFiles } from "./SourceFile.ts"
import { withDefault } from "./withDefault.ts"

export const DatasetName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,63}$/, {
    message: "a dataset's name is lower-case letters, digits and -",
  }),
)

/** [height, width] or [height, width, channels] */
export const ImageShape = Schema.Union([
  Schema.Tuple([PositiveInt, PositiveInt]),
  Schema.Tuple([PositiveInt, PositiveInt, PositiveInt]),
])

const Classes = Schema.Union([
  Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 1000 })),
  Schema.Array(Schema.NonEmptyString).check(
    Schema.isMinLength(2),
    Schema.isMaxLength(1000),
    Schema.makeFilter(
      (names: ReadonlyArray<string>) => new Set(names.map((name) => name.normalize())).size === names.length,
      { message: "a class is listed twice" },
    ),
  ),
])

const Allowed = Schema.Struct({
  /** Images that may be in several splits. Default: 0. */
  duplicates: withDefault(NonNegativeInt, 0),
  /** Images that may have several labels. Default: 0. */
  conflicts: withDefault(NonNegativeInt, 0),
})

const common = {
  /** At most 64 lower-case letters, digits and -. */
  name: DatasetName,
  /**
   * The names of the classes in the order of their labels, or their number, 2 to 1000. With a number, the order is by value
   * if all names are numbers, else by code point.
   */
  classes: Classes,
  /** [height, width] or [height, width, channels] of the images in training. */
  imageShape: ImageShape,
  /** How many equal images are allowed in several splits or with several labels. */
  allow: withDefault(Allowed, {}),
  /** Bounds of the data. They affect no result, so they are not in the fingerprint. */
  bounds: Schema.optionalKey(Bounds),
  /**
   * A ZIP or tar archive (plain, gzip or zstd) that has the files. All paths of the dataset then start at its root. Default:
   * none.
   */
  archive: Schema.optionalKey(SourceFile),
}

const Channel = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))

/** How images of any size, with or without transparency, become images of `imageShape`. */
export const ImageOptions = Schema.Struct({
  /**
   * What to do with images of another size. `cover`: scale, and crop what is too long. `pad`: scale, and add background.
   * `stretch`: scale width and height separately. Default: images of another size are refused.
   */
  fit: Schema.optionalKey(Schema.Literals(["cover", "pad", "stretch"])),
  /** The colour behind transparent pixels and of added margins: red, green and blue, 0 to 255. Default: white. */
  background: withDefault(Schema.Tuple([Channel, Channel, Channel]), [255, 255, 255]),
})
export type ImageOptions = typeof ImageOptions.Type

const imageFiles = {
  ...ImageOptions.fields,
  /** What to do with files that cannot be decoded or are no images. Default: refuse. */
  damaged: withDefault(Schema.Literals(["refuse", "exclude"]), "refuse"),
}

const boundsFit = Schema.makeFilter(
  ({ bounds, classes }: { readonly bounds?: Bounds; readonly classes: typeof Classes.Type }) =>
    boundsProblems(bounds, typeof classes === "number" ? classes : classes.length),
)

/** The files of an archive are not downloaded one by one. */
const pathsInArchive = Schema.makeFilter((dataset: { readonly archive?: SourceFile }) => {
  if (dataset.archive === undefined) return undefined
  const issue = "found an address, expected a path in the archive"
  return Object.entries(dataset).flatMap(([field, value]) => {
    const isOutside = (Array.isArray(value) ? value : [value]).some(
      (each: unknown) => typeof each === "object" && each !== null && "source" in each,
    )
    return field !== "archive" && isOutside ? [{ path: [field], issue }] : []
  })
})

/** The decoder gives gray or colour. */
const grayOrColour = Schema.makeFilter(
  ({ imageShape: [, , channels = 1] }: { readonly imageShape: typeof ImageShape.Type }) =>
    channels === 1 || channels === 3
      ? undefined
      : { path: ["imageShape"], issue: `found ${channels} channels, expected 1 (gray) or 3 (colour)` },
)

/** One folder for each class. */
export const FolderDataset = Schema.Struct({
  kind: Schema.Literal("folder"),
  ...common,
  ...imageFiles,
  /** A folder that has one folder for each class. */
  train: FolderPath,
  /** The same for the test set. Default: none; then the split must take test examples from all. */
  test: Schema.optionalKey(FolderPath),
}).check(boundsFit, grayOrColour)

const Columns = Schema.Struct({
  path: withDefault(Schema.NonEmptyString, "path"),
  label: withDefault(Schema.NonEmptyString, "label"),
  /** Its values are train and test. The column may be absent. */
  split: withDefault(Schema.NonEmptyString, "split"),
  /** What must stay in one split: a patient, a scene, a writer. The column may be absent. */
  group: withDefault(Schema.NonEmptyString, "group"),
})

/** A table with the path and the label of each image. */
export const ManifestDataset = Schema.Struct({
  kind: Schema.Literal("manifest"),
  ...common,
  ...imageFiles,
  /** A CSV file with a header, or JSON Lines. */
  train: FilePath,
  /** The same for the test set, if the manifest has no column that says the split. */
  test: Schema.optionalKey(FilePath),
  /** The folder where the paths of images start. Default: the folder of the manifest. */
  folder: Schema.optionalKey(FolderPath),
  /** Text after each path, such as ".png" if the manifest has names without it. Default: none. */
  suffix: withDefault(Schema.String, ""),
  /** The names of the columns. Default: path, label, split and group. */
  columns: withDefault(Columns, {}),
}).check(boundsFit, grayOrColour)

const Arrays = Schema.Struct({
  trainImages: withDefault(Schema.NonEmptyString, "x_train"),
  trainLabels: withDefault(Schema.NonEmptyString, "y_train"),
  testImages: withDefault(Schema.NonEmptyString, "x_test"),
  testLabels: withDefault(Schema.NonEmptyString, "y_test"),
})

/** NumPy arrays of bytes, [examples, height, width] or [examples, height, width, channels], and of integer labels. */
export const NpzDataset = Schema.Struct({
  kind: Schema.Literal("npz"),
  ...common,
  /** A file of `numpy.savez` or `numpy.savez_compressed`. */
  file: SourceFile,
  /** The names of the arrays. Default: those of Keras. If the file has no test arrays, the split must take test examples. */
  arrays: withDefault(Arrays, {}),
}).check(boundsFit, pathsInArchive)

/** The same arrays in files of `numpy.save`. */
export const NpyDataset = Schema.Struct({
  kind: Schema.Literal("npy"),
  ...common,
  trainImages: SourceFile,
  trainLabels: SourceFile,
  testImages: Schema.optionalKey(SourceFile),
  testLabels: Schema.optionalKey(SourceFile),
}).check(boundsFit, pathsInArchive)

/** The binary version of CIFAR-10 or CIFAR-100. */
export const CifarDataset = Schema.Struct({
  kind: Schema.Literal("cifar"),
  ...common,
  /** The folder with the files of the archive. */
  folder: FolderPath,
  /** `10`, or for CIFAR-100 `100` (fine labels) or `20` (coarse labels). */
  labels: Schema.Literals([10, 20, 100]),
}).check(boundsFit)

/** Tar files of WebDataset: the files of an example follow each other and have one name, such as 00001.jpg and 00001.cls. */
export const WebDataset = Schema.Struct({
  kind: Schema.Literal("webdataset"),
  ...common,
  ...imageFiles,
  /** One or several shards, in this order. `{000..009}` in a path stands for ten. */
  train: SourceFiles,
  /** The same for the test set. Default: none; then the split must take test examples from all. */
  test: Schema.optionalKey(SourceFiles),
  /** The extensions of images; the first one that an example has counts. Default: png, jpg, jpeg, webp. */
  images: withDefault(Schema.Array(Schema.NonEmptyString).check(Schema.isMinLength(1)), [
    "png",
    "jpg",
    "jpeg",
    "webp",
  ]),
  /** The extension of labels: a text file with the name of the class, or its place in the list of classes. Default: cls. */
  label: withDefault(Schema.NonEmptyString, "cls"),
}).check(boundsFit, grayOrColour, pathsInArchive)

const ParquetColumns = Schema.Struct({
  /** Images: `{ bytes, path }` each, or bytes. */
  image: withDefault(Schema.NonEmptyString, "image"),
  /** Whole numbers, whose names may be in the metadata of the file, or names. */
  label: withDefault(Schema.NonEmptyString, "label"),
})

/** Parquet files with an encoded image and a label in each row, as Hugging Face's `datasets` writes them. */
export const ParquetDataset = Schema.Struct({
  kind: Schema.Literal("parquet"),
  ...common,
  ...imageFiles,
  /** One or several files, in this order. `{000..009}` in a path stands for ten. */
  train: SourceFiles,
  /** The same for the test set. Default: none; then the split must take test examples from all. */
  test: Schema.optionalKey(SourceFiles),
  /** The names of the columns. Default: image and label. */
  columns: withDefault(ParquetColumns, {}),
}).check(boundsFit, grayOrColour, pathsInArchive)

/** CSV tables with a column of labels and a column for each pixel: Kaggle's layout of MNIST. */
export const TableDataset = Schema.Struct({
  kind: Schema.Literal("table"),
  ...common,
  /** One or several CSV files, plain or gzip, in this order. */
  train: SourceFiles,
  /** The same for the test set. Default: none; then the split must take test examples from all. */
  test: Schema.optionalKey(SourceFiles),
  /** Whether the first row names the columns. Default: true. */
  header: withDefault(Schema.Boolean, true),
  /** The column of the label: its name, or its place from 0, or from the end: -1 is the last one. Default: label. */
  label: withDefault(Schema.Union([Schema.NonEmptyString, Schema.Int]), "label"),
  /** The number of a white pixel, at most 65535; 0 is black. Others are scaled to whole numbers from 0 to 255. Default: 255. */
  brightest: withDefault(Schema.Finite.check(Schema.isBetween({ minimum: 1e-6, maximum: 65_535 })), 255),
}).check(
  boundsFit,
  pathsInArchive,
  Schema.makeFilter(({ header, label }: { readonly header: boolean; readonly label: string | number }) =>
    header || typeof label === "number"
      ? undefined
      : {
          path: ["label"],
          issue: "found a name, expected the place of the column, because there is no header",
        },
  ),
)

export const PackedDataset = Schema.Union([
  FolderDataset,
  ManifestDataset,
  NpzDataset,
  NpyDataset,
  CifarDataset,
  WebDataset,
  ParquetDataset,
  TableDataset,
])
export type PackedDataset = typeof PackedDataset.Type

type Options<S extends { readonly Encoded: { readonly kind: string } }> = Omit<S["Encoded"], "kind">

/** Datasets of your own. They are plain values, which are checked when the experiment is run. */
export const datasets = {
  /** One folder for each class: `train/cat/1.jpg`. */
  folder: (options: Options<typeof FolderDataset>) => ({ kind: "folder", ...options }) as const,
  /** A CSV or JSON Lines file with the path and the label of each image. */
  manifest: (options: Options<typeof ManifestDataset>) => ({ kind: "manifest", ...options }) as const,
  /** One NPZ file with images and labels, such as Keras's mnist.npz. */
  npz: (options: Options<typeof NpzDataset>) => ({ kind: "npz", ...options }) as const,
  /** NPY files with images and labels. */
  npy: (options: Options<typeof NpyDataset>) => ({ kind: "npy", ...options }) as const,
  /** The binary files of CIFAR-10 or CIFAR-100. */
  cifar: (options: Options<typeof CifarDataset>) => ({ kind: "cifar", ...options }) as const,
  /** The tar files of a WebDataset. */
  webdataset: (options: Options<typeof WebDataset>) => ({ kind: "webdataset", ...options }) as const,
  /** Parquet files of Hugging Face's `datasets`. */
  parquet: (options: Options<typeof ParquetDataset>) => ({ kind: "parquet", ...options }) as const,
  /** CSV tables of pixels. */
  table: (options: Options<typeof TableDataset>) => ({ kind: "table", ...options }) as const,
}
