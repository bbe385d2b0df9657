/**
 * The binary version of CIFAR-10 and CIFAR-100: (folder, kind of labels) -> images and classes.
 *
 * Krizhevsky, "Learning multiple layers of features from tiny images" (2009). A record is one byte of label (CIFAR-100: a
 * coarse and a fine one) and 3072 of pixels: 32×32 of red, then green, then blue.
 */
import { Effect, Path } from "effect"
import type { CifarDataset } from "../../schemas/experiment/PackedDataset.ts"
import { largestFileBytes, longestTextBytes } from "../../storage/regularFile.ts"
import { notFound, type Reading } from "./locate.ts"
import type { ArraySet, ArraySource } from "./Source.ts"
import { readText } from "./sourceFiles.ts"
import { SourceInvalid } from "./SourceInvalid.ts"

const plane = 32 * 32
const pixels = 3 * plane

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

  const readSet = Effect.fnUntraced(function* (files: ReadonlyArray<string>) {
    const parts: Array<ArraySet> = []
    for (const file of files) {
      const path = paths.join(folder, file)
      const invalid = (found: string, expected: string, advice: string) =>
        new SourceInvalid({ path, found, expected, advice })
      const bytes = yield* reading.files.read(path, largestFileBytes).pipe(
        Effect.catchIf(
          ({ code }) => code === "ENOENT",
          () => Effect.fail(notFound(reading, "folder", path, "a file of the binary version of CIFAR")),
        ),
      )
      const examples = bytes.byteLength / recordBytes
      if (examples === 0 || !Number.isInteger(examples)) {
        const expected = `a multiple of ${recordBytes}`
        return yield* invalid(`${bytes.byteLength} bytes`, expected, "the file is truncated: get it again")
      }
      const images = new Uint8Array(examples * pixels)
      const labels: Array<string> = []
      for (let example = 0; example < examples; example++) {
        const record = bytes.subarray(example * recordBytes, (example + 1) * recordBytes)
        const label = record[layout.labelAt]
        if (label >= dataset.labels) {
          const expected = `labels 0 to ${dataset.labels - 1}`
          return yield* invalid(`the label ${label} at example ${example}`, expected, "check dataset.labels")
        }
        labels.push(names?.[label] ?? String(label))
        writePixels(record.subarray(layout.labelBytes), images.subarray(example * pixels))
      }
      parts.push({ images, labels, names: labels.map((_, example) => `${path}[${example}]`) })
    }
    const set: ArraySet = {
      images:
        parts.length === 1 ? parts[0].images : new Uint8Array(Buffer.concat(parts.map((p) => p.images))),
      labels: parts.flatMap((part) => part.labels),
      names: parts.flatMap((part) => part.names),
    }
    return set
  })
  const source: ArraySource = {
    train: yield* readSet(layout.train),
    test: yield* readSet(layout.test),
    sources: layout.train.length + layout.test.length,
    skipped: 0,
    excluded: [],
    images: {},
  }
  return { source, classes: names ?? classes }
})
