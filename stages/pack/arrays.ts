/**
 * A dataset in NumPy arrays: (NPZ or NPY files) -> images of bytes and the class of each.
 *
 * The label of an example is its class's place in the experiment's list of classes, or without a list a name as it is.
 */
import { Effect, Path, Result } from "effect"
import type { NpyDataset, NpzDataset } from "../../schemas/experiment/PackedDataset.ts"
import { largestFileBytes } from "../../storage/regularFile.ts"
import { read } from "../../storage/files.ts"
import type { Shape } from "./decodeList.ts"
import { type NumpyArray, parseNpy } from "./npy.ts"
import { type ArraySet, type ArraySource, noExamples } from "./Source.ts"
import { SourceInvalid, SourceNotFound } from "./SourceInvalid.ts"
import { listZip, readZip } from "./zip.ts"

const bytesOf = (array: NumpyArray, path: string): Result.Result<Uint8Array, SourceInvalid> => {
  const { type, values } = array
  if (values instanceof Uint8Array) return Result.succeed(values)
  const beyond = values.find((value) => value < 0 || value > 255)
  if (beyond === undefined) return Result.succeed(Uint8Array.from(values))
  return Result.fail(
    new SourceInvalid({
      path,
      found: `the pixel ${beyond} of type ${type}`,
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
): Result.Result<ArraySet, SourceInvalid> => {
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
  const values = [...labels.values]
  if (typeof classes !== "number") {
    const beyond = values.find((label) => label < 0 || label >= classes.length)
    if (beyond !== undefined) {
      const advice = "list all classes in dataset.classes, in the order of their labels"
      return invalid(labelsPath, `the label ${beyond}`, `labels 0 to ${classes.length - 1}`, advice)
    }
  }
  return Result.map(bytesOf(images, imagesPath), (bytes) => ({
    images: bytes,
    labels: values.map((label) => (typeof classes === "number" ? String(label) : classes[label])),
    names: values.map((_, example) => `${imagesPath}[${example}]`),
  }))
}

const sourceOf = (train: ArraySet, test: ArraySet, sources: number): ArraySource => ({
  train,
  test,
  sources,
  skipped: 0,
  excluded: [],
  images: {},
})

const readFile = Effect.fnUntraced(function* (
  dataset: string,
  field: string,
  file: string,
  expected: string,
) {
  const path = (yield* Path.Path).resolve(file)
  return yield* read(path, largestFileBytes).pipe(
    Effect.catchIf(
      ({ code }) => code === "ENOENT",
      () => Effect.fail(new SourceNotFound({ dataset, field, path, expected })),
    ),
  )
})

export const readNpz = Effect.fn("readNpz")(function* (dataset: typeof NpzDataset.Type, shape: Shape) {
  const { arrays, classes, file } = dataset
  const bytes = yield* readFile(dataset.name, "file", file, "an NPZ file")
  const files = yield* Effect.fromResult(listZip(bytes, file))
  const has = (name: string) => files.some((each) => each.name === `${name}.npy`)
  const array = Effect.fnUntraced(function* (name: string) {
    const found = files.find((each) => each.name === `${name}.npy`)
    if (found === undefined) {
      return yield* new SourceInvalid({
        path: file,
        found: `the arrays ${files.map((each) => each.name.replace(/\.npy$/, "")).join(", ") || "(none)"}`,
        expected: `an array ${name}`,
        advice: "name the arrays with dataset.arrays",
      })
    }
    const content = yield* Effect.fromResult(readZip(bytes, found, file, largestFileBytes))
    return yield* Effect.fromResult(parseNpy(content, `${file}/${found.name}`))
  })
  const set = Effect.fnUntraced(function* (images: string, labels: string) {
    const options = { shape, classes, imagesPath: `${file}/${images}`, labelsPath: `${file}/${labels}` }
    return yield* Effect.fromResult(setOf(yield* array(images), yield* array(labels), options))
  })
  const train = yield* set(arrays.trainImages, arrays.trainLabels)
  const isOneSet = !has(arrays.testImages) && !has(arrays.testLabels)
  return sourceOf(train, isOneSet ? noExamples : yield* set(arrays.testImages, arrays.testLabels), 1)
})

export const readNpy = Effect.fn("readNpy")(function* (dataset: typeof NpyDataset.Type, shape: Shape) {
  const { classes, testImages, testLabels, trainImages, trainLabels } = dataset
  const array = Effect.fnUntraced(function* (field: string, file: string) {
    const bytes = yield* readFile(dataset.name, field, file, "an NPY file")
    return yield* Effect.fromResult(parseNpy(bytes, file))
  })
  const set = Effect.fnUntraced(function* (half: "train" | "test", images: string, labels: string) {
    const options = { shape, classes, imagesPath: images, labelsPath: labels }
    return yield* Effect.fromResult(
      setOf(yield* array(`${half}Images`, images), yield* array(`${half}Labels`, labels), options),
    )
  })
  const train = yield* set("train", trainImages, trainLabels)
  if (testImages === undefined || testLabels === undefined) return sourceOf(train, noExamples, 2)
  return sourceOf(train, yield* set("test", testImages, testLabels), 4)
})
