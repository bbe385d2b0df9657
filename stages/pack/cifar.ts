/**
 * The binary version of CIFAR-10 and CIFAR-100: (folder, kind of labels) -> images and classes.
 *
 * Krizhevsky, "Learning multiple layers of features from tiny images" (2009). A record is one byte of label (CIFAR-100: a
 * coarse and a fine one) and 3072 of pixels: 32×32 of red, then green, then blue.
 */
import { Effect, Path } from "effect"
import type { CifarDataset } from "../../schemas/experiment/PackedDataset.ts"
import { longestTextBytes } from "../../storage/regularFile.ts"
import { failedNow } from "../../storage/StorageFailed.ts"
import type { ImageSink } from "./imageSink.ts"
import { openNamed, type Reading } from "./locate.ts"
import type { ArraySet, ArraySource } from "./Source.ts"
import { readText } from "./sourceFiles.ts"
import { SourceInvalid } from "./SourceInvalid.ts"

const plane = 32 * 32
const pixels = 3 * plane

/** 3 MB: the files of a larger dataset may have any size. */
const recordsAtOnce = 1000

const layouts = {
  10: {
    train: [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`),
    test: ["test_batch.bin"],
    names: "batches.meta.txt",
    labelBytes: 1,
    labelAt: 0,
  },
  20: {
    train: ["train.bin"],
    test: ["test.bin"],
    names: "coarse_label_names.txt",
    labelBytes: 2,
    labelAt: 0,
  },
  100: { train: ["train.bin"], test: ["test.bin"], names: "fine_label_names.txt", labelBytes: 2, labelAt: 1 },
} as const

/** The paths of the files that are read. */
export const cifarFiles = ({ folder, labels }: typeof CifarDataset.Type) =>
  Effect.map(Path.Path, (paths) =>
    [...layouts[labels].train, ...layouts[labels].test, layouts[labels].names].map((name) =>
      paths.join(folder, name),
    ),
  )

/** From planes of colours to pixels of three bytes. */
const writePixels = (record: Uint8Array, to: Uint8Array) => {
  for (let at = 0; at < plane; at++) {
    for (let channel = 0; channel < 3; channel++) to[3 * at + channel] = record[channel * plane + at]
  }
}

/** The files and, without a list in the experiment, the names of the classes that are next to them. */
export const readCifar = Effect.fn("readCifar")(function* (
  reading: Reading,
  dataset: typeof CifarDataset.Type,
) {
  const paths = yield* Path.Path
  const { classes, folder } = dataset
  const layout = layouts[dataset.labels]
  const recordBytes = layout.labelBytes + pixels
  const stored = yield* readText(reading.files, paths.join(folder, layout.names), longestTextBytes).pipe(
    Effect.catchIf(
      (error) => error._tag === "StorageFailed" && error.code === "ENOENT",
      () => Effect.succeed(""),
    ),
  )
  const written = stored.split("\n").flatMap((line) => (line.trim() === "" ? [] : [line.trim()]))
  const names =
    typeof classes !== "number" ? classes : written.length === dataset.labels ? written : undefined

  const readFile = Effect.fnUntraced(function* (sink: ImageSink, file: string, labels: Array<string>) {
    const path = paths.join(folder, file)
    const invalid = (found: string, expected: string, advice: string) =>
      new SourceInvalid({ path, found, expected, advice })
    const opened = yield* openNamed(reading, "folder", path, "a file of the binary version of CIFAR")
    const { read, sizeBytes } = opened.file
    const examples = sizeBytes / recordBytes
    if (examples === 0 || !Number.isInteger(examples)) {
      const expected = `a multiple of ${recordBytes}`
      return yield* invalid(`${sizeBytes} bytes`, expected, "the file is truncated: get it again")
    }
    for (let from = 0; from < examples; from += recordsAtOnce) {
      const count = Math.min(recordsAtOnce, examples - from)
      const records = yield* Effect.try({
        try: () => read(from * recordBytes, count * recordBytes),
        catch: failedNow("read", path),
      })
      const images = new Uint8Array(count * pixels)
      for (let at = 0; at < count; at++) {
        const record = records.subarray(at * recordBytes, (at + 1) * recordBytes)
        const label = record[layout.labelAt]
        if (label >= dataset.labels) {
          const expected = `labels 0 to ${dataset.labels - 1}`
          return yield* invalid(
            `the label ${label} at example ${from + at}`,
            expected,
            "check dataset.labels",
          )
        }
        labels.push(names?.[label] ?? String(label))
        writePixels(record.subarray(layout.labelBytes), images.subarray(at * pixels))
      }
      yield* sink.append(images)
      yield* Effect.yieldNow
    }
    return Array.from({ length: examples }, (_, example) => `${path}[${example}]`)
  }, Effect.scoped)

  const readSet = Effect.fnUntraced(function* (sink: ImageSink, files: ReadonlyArray<string>) {
    const labels: Array<string> = []
    const found = yield* Effect.forEach(files, (file) => readFile(sink, file, labels))
    const set: ArraySet = { images: sink, labels, names: found.flat() }
    return set
  })
  const source: ArraySource = {
    train: yield* readSet(reading.sinks.train, layout.train),
    test: yield* readSet(reading.sinks.test, layout.test),
    sources: layout.train.length + layout.test.length,
    skipped: 0,
    excluded: [],
    images: {},
  }
  return { source, classes: names ?? classes }
})
