/**
 * Packs a dataset: (its description in the experiment, cache) -> the files of a fetched dataset.
 *
 * The cache has an index of what was packed, by the description. While the files of the dataset have the path, size and times
 * of the index, nothing is read again. A resumed run gets the content it started with or an error.
 */
import { Effect, Path, Schema } from "effect"
import { FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { canonical } from "../../schemas/experiment/fingerprint.ts"
import type { PackedDataset } from "../../schemas/experiment/PackedDataset.ts"
import type { SourceFile } from "../../schemas/experiment/SourceFile.ts"
import { readStringIfExists, writeAtomic } from "../../storage/files.ts"
import { digestOf } from "../digest.ts"
import { isUrl } from "../fetch/address.ts"
import { isStillCached } from "../fetch/isStillCached.ts"
import { nameOf, sourceVersion } from "../fetch/sourceFile.ts"
import { openArchive } from "./archive/openArchive.ts"
import { readNpy, readNpz } from "./arrays.ts"
import { cifarFiles, readCifar } from "./cifar.ts"
import { classMap } from "./classMap.ts"
import { decodeList, type Shape } from "./decodeList.ts"
import { listFolders } from "./folder.ts"
import { makeImageSink } from "./imageSink.ts"
import { keepPacked } from "./keepPacked.ts"
import { openNamed, type Reading } from "./locate.ts"
import { listManifest } from "./manifest.ts"
import { listParquet } from "./parquet.ts"
import { shardsOf } from "./shards.ts"
import type { ArraySource, ImageList } from "./Source.ts"
import { localFiles } from "./sourceFiles.ts"
import { ClassesMismatch, groupProblems, SourceFilesRefused } from "./SourceInvalid.ts"
import { readTable } from "./table.ts"
import { listWebDataset } from "./webDataset.ts"

/** Raised when the same files would be packed to other bytes, or get another digest. */
const packerVersion = 2

const Index = Schema.Struct({ versions: Schema.String, fetched: FetchedDataset })
const decodeIndex = Schema.decodeUnknownEffect(Schema.fromJsonString(Index))

export const shapeOf = ({ imageShape: [height, width, channels = 1] }: PackedDataset): Shape => [
  height,
  width,
  channels,
]

type ImageDataset = Extract<
  PackedDataset,
  { readonly kind: "folder" | "manifest" | "webdataset" | "parquet" }
>

/** Decodes the images of both sets. Refuses files that cannot become examples, or lists them as excluded. */
const decodeSets = Effect.fnUntraced(function* ({ sinks }: Reading, dataset: ImageDataset, list: ImageList) {
  const counts = new Map<string, number>()
  const options = {
    dataset: dataset.name,
    files: list.files,
    shape: shapeOf(dataset),
    images: dataset,
    counts,
  }
  const train = yield* decodeList({ ...options, entries: list.train, sink: sinks.train })
  const test = yield* decodeList({ ...options, entries: list.test, sink: sinks.test })
  const unread = list.problems.map((problem) => ({ ...problem, sha256: null }))
  const excluded = [...unread, ...train.excluded, ...test.excluded]
  if (excluded.length > 0 && dataset.damaged === "refuse") {
    return yield* new SourceFilesRefused({
      dataset: dataset.name,
      files: excluded.length,
      groups: groupProblems(excluded),
    })
  }
  const source: ArraySource = {
    train: train.set,
    test: test.set,
    sources: list.train.length + list.test.length,
    skipped: list.skipped,
    excluded: excluded.map(({ path, reason, sha256 }) => ({ path, reason, sha256 })),
    images: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
  return source
})

/** Lists the images of a dataset in files, and its classes. */
const listImages = Effect.fnUntraced(function* (reading: Reading, dataset: ImageDataset) {
  const { classes } = dataset
  switch (dataset.kind) {
    case "folder":
      return { list: (yield* listFolders(reading.files, dataset.name, dataset)).list, classes }
    case "manifest":
      return { list: (yield* listManifest(reading.files, dataset)).list, classes }
    case "webdataset":
      return { list: yield* listWebDataset(reading, dataset), classes }
    case "parquet":
      return yield* listParquet(reading, dataset)
  }
})

/** The slow part: every example of a dataset, and its classes. */
const readExamples = Effect.fnUntraced(function* (reading: Reading, dataset: PackedDataset) {
  const { classes } = dataset
  const found = (source: ArraySource, names: typeof classes = classes) => ({
    source,
    classes: names,
    more: [],
  })
  switch (dataset.kind) {
    case "npz":
      return found(yield* readNpz(reading, dataset, shapeOf(dataset)))
    case "npy":
      return found(yield* readNpy(reading, dataset, shapeOf(dataset)))
    case "table":
      return found(yield* readTable(reading, dataset, shapeOf(dataset)))
    case "cifar": {
      const { classes, source } = yield* readCifar(reading, dataset)
      return found(source, classes)
    }
    default: {
      const { classes, list } = yield* listImages(reading, dataset)
      return { ...found(yield* decodeSets(reading, dataset, list), classes), more: list.classes }
    }
  }
}, Effect.scoped)

/** A text that changes with the files of a dataset. What is in an archive changes with it. */
const versionsOf = Effect.fnUntraced(function* (dataset: PackedDataset) {
  const versions = (files: ReadonlyArray<SourceFile>) =>
    Effect.map(Effect.forEach(files, sourceVersion, { concurrency: 16 }), (lines) => lines.join("\n"))
  if (dataset.archive !== undefined) return yield* versions([dataset.archive])
  switch (dataset.kind) {
    case "folder":
      return (yield* listFolders(localFiles, dataset.name, dataset)).versions
    case "manifest": {
      const { digest, list } = yield* listManifest(localFiles, dataset)
      return `${digest}\n${yield* versions([...list.train, ...list.test].map(({ file }) => file))}`
    }
    case "npz":
      return yield* versions([dataset.file])
    case "npy": {
      const { testImages, testLabels, trainImages, trainLabels } = dataset
      const files = [trainImages, trainLabels, testImages, testLabels]
      return yield* versions(files.filter((file) => file !== undefined))
    }
    case "cifar":
      return yield* versions(yield* cifarFiles(dataset))
    case "parquet":
    case "table":
    case "webdataset":
      return yield* versions([...shardsOf(dataset.train), ...shardsOf(dataset.test)])
  }
})

/** Where the data came from, for people. */
const originOf = (dataset: PackedDataset): string => {
  if (dataset.archive !== undefined) return nameOf(dataset.archive)
  switch (dataset.kind) {
    case "folder":
    case "manifest":
      return dataset.train
    case "npz":
      return nameOf(dataset.file)
    case "npy":
      return nameOf(dataset.trainImages)
    case "cifar":
      return dataset.folder
    case "parquet":
    case "table":
    case "webdataset":
      return shardsOf(dataset.train).map(nameOf)[0] ?? dataset.name
  }
}

/** The files of the working folder, or of the archive of the dataset until the scope ends. */
const openFiles = Effect.fnUntraced(function* (dataset: PackedDataset, reading: Reading) {
  if (dataset.archive === undefined) return reading
  const { file, name } = yield* openNamed(reading, "archive", dataset.archive, "a ZIP or tar archive")
  return { ...reading, files: yield* openArchive(file, name, reading.scratchFolder) }
})

const readIndex = Effect.fnUntraced(function* (path: string, versions: string) {
  const text = yield* readStringIfExists(path)
  if (text === undefined) return undefined
  const index = yield* decodeIndex(text).pipe(Effect.orElseSucceed(() => undefined))
  if (index?.versions !== versions) return undefined
  return (yield* isStillCached(index.fetched)) ? index.fetched : undefined
})

/** The names of the classes may come from the files, but the network has the outputs that the experiment counts. */
const checkNumber = ({ classes, name }: PackedDataset, names: ReadonlyArray<string>) =>
  typeof classes !== "number" || classes === names.length
    ? Effect.void
    : new ClassesMismatch({
        dataset: name,
        found: `${names.length} classes, by the names in its files`,
        expected: `${classes}`,
        advice: "correct dataset.classes",
      })

const digestOfText = (text: string) => digestOf("sha256", new TextEncoder().encode(text))

export const packDataset = Effect.fn("packDataset")(function* (dataset: PackedDataset, dataDir: string) {
  const paths = yield* Path.Path
  const folder = paths.join(paths.resolve(dataDir), "own")
  const { allow: _a, bounds: _b, ...description } = dataset
  const key = canonical([packerVersion, paths.resolve("."), description])
  const digest = yield* digestOfText(key)
  const indexPath = paths.join(folder, `${digest}.index.json`)
  const versions = yield* digestOfText(yield* versionsOf(dataset))
  const known = yield* readIndex(indexPath, versions)
  if (known !== undefined) return known
  const shape = shapeOf(dataset)
  const sinks = { train: yield* makeImageSink(folder, shape), test: yield* makeImageSink(folder, shape) }
  const local: Reading = { dataset: dataset.name, files: localFiles, dataDir, scratchFolder: folder, sinks }
  const { classes, more, source } = yield* openFiles(dataset, local).pipe(
    Effect.flatMap((reading) => readExamples(reading, dataset)),
    Effect.scoped,
  )
  const found = new Set([...source.train.labels, ...source.test.labels, ...more])
  const map = yield* Effect.fromResult(classMap(dataset.name, found, classes))
  yield* checkNumber(dataset, map.names)
  const origin = originOf(dataset)
  const fetched = yield* keepPacked({
    dataset: dataset.name,
    source,
    shape,
    classes: map,
    origin: isUrl(origin) ? origin : paths.resolve(origin),
    folder,
  })
  yield* writeAtomic(indexPath, `${JSON.stringify({ versions, fetched })}\n`)
  return fetched
}, Effect.scoped)
