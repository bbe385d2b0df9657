/**
 * A dataset in NumPy arrays: (NPZ or NPY files) -> images of bytes and the class of each.
 *
 * The label of an example is its class's place in the experiment's list of classes. A text, and without a list a number, is
 * the name of the class.
 */
import { Effect, Result } from "effect"
import type { NpyDataset, NpzDataset } from "../../schemas/experiment/PackedDataset.ts"
import type { SourceFile } from "../../schemas/experiment/SourceFile.ts"
import { largestFileBytes } from "../../storage/regularFile.ts"
import { makeMembers } from "./archive/members.ts"
import { addArchive } from "./archive/openArchive.ts"
import type { Shape } from "./decodeList.ts"
import type { ImageSink } from "./imageSink.ts"
import { locate, notFound, openNamed, type Reading } from "./locate.ts"
import { type NumpyArray, parseNpy } from "./npy.ts"
import { type ArraySet, type ArraySource, noExamples } from "./Source.ts"
import { SourceInvalid } from "./SourceInvalid.ts"

const bytesOf = (array: NumpyArray, path: string): Result.Result<Uint8Array, SourceInvalid> => {
  const { type, values } = array
  if (values instanceof Uint8Array) return Result.succeed(values)
  const beyond = values.find((value) => typeof value === "string" || value < 0 || value > 255)
  if (beyond === undefined) return Result.succeed(Uint8Array.from(values, Number))
  return Result.fail(
    new SourceInvalid({
      path,
      found: `the pixel ${JSON.stringify(beyond)} of type ${type}`,
      expected: "pixels 0 to 255",
      advice: "scale them and convert them with .astype(numpy.uint8)",
    }),
  )
}

/** The examples of two arrays, checked to fit each other and the shape. */
export const setOf = (
  images: NumpyArray,
  labels: NumpyArray,
  options: {
    readonly shape: Shape
    readonly classes: number | ReadonlyArray<string>
    readonly imagesPath: string
    readonly labelsPath: string
  },
): Result.Result<Omit<ArraySet, "images"> & { readonly pixels: Uint8Array }, SourceInvalid> => {
  const { classes, imagesPath, labelsPath, shape } = options
  const [height, width, channels] = shape
  const invalid = (path: string, found: string, expected: string, advice: string) =>
    Result.fail(new SourceInvalid({ path, found, expected, advice }))
  const [examples = 0, ...dims] = images.shape
  const found = dims.length === 2 ? [...dims, 1] : dims
  if (found.length !== 3 || found.some((size, axis) => size !== shape[axis])) {
    return invalid(
      imagesPath,
      `an array of shape [${images.shape.join(", ")}]`,
      `[examples, ${channels === 1 ? `${height}, ${width}` : `${height}, ${width}, ${channels}`}]`,
      "correct dataset.imageShape, or move the axis of channels to the end",
    )
  }
  const isColumn = labels.shape.length === 1 || (labels.shape.length === 2 && labels.shape[1] === 1)
  if (!isColumn || labels.shape[0] !== examples) {
    return invalid(
      labelsPath,
      `an array of shape [${labels.shape.join(", ")}]`,
      `[${examples}], one label for each image`,
      "check that both arrays are of the same set, and that labels are not one-hot",
    )
  }
  const values: ReadonlyArray<number | string> = [...labels.values]
  if (typeof classes !== "number") {
    const beyond = values.find((label) => typeof label === "number" && (label < 0 || label >= classes.length))
    if (beyond !== undefined) {
      const advice = "list all classes in dataset.classes, in the order of their labels"
      return invalid(labelsPath, `the label ${beyond}`, `labels 0 to ${classes.length - 1}`, advice)
    }
  }
  return Result.map(bytesOf(images, imagesPath), (bytes) => ({
    pixels: bytes,
    labels: values.map((label) =>
      typeof classes === "number" || typeof label === "string" ? String(label) : classes[label],
    ),
    names: values.map((_, example) => `${imagesPath}[${example}]`),
  }))
}

/** Writes the images of arrays that fit each other. */
const packSet = Effect.fnUntraced(function* (
  sink: ImageSink,
  images: NumpyArray,
  labels: NumpyArray,
  options: Parameters<typeof setOf>[2],
) {
  const { pixels, ...set } = yield* Effect.fromResult(setOf(images, labels, options))
  yield* sink.append(pixels)
  const packed: ArraySet = { ...set, images: sink }
  return packed
})

const sourceOf = (train: ArraySet, test: ArraySet, sources: number): ArraySource => ({
  train,
  test,
  sources,
  skipped: 0,
  excluded: [],
  images: {},
})

const readNamed = Effect.fnUntraced(function* (reading: Reading, field: string, file: SourceFile) {
  const expected = "an NPY file"
  const { name, path } = yield* locate(reading, field, file, expected)
  const bytes = yield* reading.files.read(path, largestFileBytes).pipe(
    Effect.catchIf(
      ({ code }) => code === "ENOENT",
      () => Effect.fail(notFound(reading, field, name, expected)),
    ),
  )
  return { bytes, name }
})

export const readNpz = Effect.fn("readNpz")(function* (
  reading: Reading,
  dataset: typeof NpzDataset.Type,
  shape: Shape,
) {
  const { arrays, classes } = dataset
  const { file, name } = yield* openNamed(reading, "file", dataset.file, "an NPZ file")
  const members = yield* makeMembers(reading.scratchFolder)
  yield* addArchive(members, file, name, { only: "ZIP" })
  const files = members.files()
  const { files: found } = yield* files.list(".", () => false)
  const has = (array: string) => found.some(({ path }) => path === `${array}.npy`)
  const array = Effect.fnUntraced(function* (wanted: string) {
    if (!has(wanted)) {
      return yield* new SourceInvalid({
        path: name,
        found: `the arrays ${found.map(({ path }) => path.replace(/\.npy$/, "")).join(", ") || "(none)"}`,
        expected: `an array ${wanted}`,
        advice: "name the arrays with dataset.arrays",
      })
    }
    const content = yield* files.read(`${wanted}.npy`, largestFileBytes)
    return yield* Effect.fromResult(parseNpy(content, `${name}/${wanted}.npy`))
  })
  const { sinks } = reading
  const set = Effect.fnUntraced(function* (sink: ImageSink, images: string, labels: string) {
    const options = { shape, classes, imagesPath: `${name}/${images}`, labelsPath: `${name}/${labels}` }
    return yield* packSet(sink, yield* array(images), yield* array(labels), options)
  })
  const train = yield* set(sinks.train, arrays.trainImages, arrays.trainLabels)
  const isOneSet = !has(arrays.testImages) && !has(arrays.testLabels)
  const test = isOneSet
    ? noExamples(sinks.test)
    : yield* set(sinks.test, arrays.testImages, arrays.testLabels)
  return sourceOf(train, test, 1)
}, Effect.scoped)

export const readNpy = Effect.fn("readNpy")(function* (
  reading: Reading,
  dataset: typeof NpyDataset.Type,
  shape: Shape,
) {
  const { classes, testImages, testLabels, trainImages, trainLabels } = dataset
  const array = Effect.fnUntraced(function* (field: string, file: SourceFile) {
    const { bytes, name } = yield* readNamed(reading, field, file)
    return { array: yield* Effect.fromResult(parseNpy(bytes, name)), name }
  })
  const set = Effect.fnUntraced(function* (half: "train" | "test", images: SourceFile, labels: SourceFile) {
    const [pixels, classOf] = [yield* array(`${half}Images`, images), yield* array(`${half}Labels`, labels)]
    const options = { shape, classes, imagesPath: pixels.name, labelsPath: classOf.name }
    return yield* packSet(reading.sinks[half], pixels.array, classOf.array, options)
  })
  const train = yield* set("train", trainImages, trainLabels)
  if (testImages === undefined || testLabels === undefined)
    return sourceOf(train, noExamples(reading.sinks.test), 2)
  return sourceOf(train, yield* set("test", testImages, testLabels), 4)
})
