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
import { readStringIfExists, stat, writeAtomic } from "../../storage/files.ts"
import { digestOf } from "../digest.ts"
import { lookUp } from "../fetch/cache.ts"
import { readNpy, readNpz } from "./arrays.ts"
import { cifarFiles, readCifar } from "./cifar.ts"
import { classMap } from "./classMap.ts"
import { decodeList, type Shape } from "./decodeList.ts"
import { listFolders } from "./folder.ts"
import { keepPacked } from "./keepPacked.ts"
import { listManifest } from "./manifest.ts"
import type { ArraySource, ImageList } from "./Source.ts"
import { SourceFilesRefused } from "./SourceInvalid.ts"

/** Raised when the same files would be packed to other bytes. */
const packerVersion = 1

const Index = Schema.Struct({ versions: Schema.String, fetched: FetchedDataset })
const decodeIndex = Schema.decodeUnknownEffect(Schema.fromJsonString(Index))

export const shapeOf = ({ imageShape: [height, width, channels = 1] }: PackedDataset): Shape => [
  height,
  width,
  channels,
]

type ImageDataset = Extract<PackedDataset, { readonly kind: "folder" | "manifest" }>

/** Decodes the images of both sets. Refuses files that cannot become examples, or lists them as excluded. */
const decodeSets = Effect.fnUntraced(function* (dataset: ImageDataset, list: ImageList) {
  const counts = new Map<string, number>()
  const options = { dataset: dataset.name, shape: shapeOf(dataset), images: dataset, counts }
  const train = yield* decodeList({ ...options, entries: list.train })
  const test = yield* decodeList({ ...options, entries: list.test })
  const unread = list.problems.map((problem) => ({ ...problem, sha256: null }))
  const excluded = [...unread, ...train.excluded, ...test.excluded]
  if (excluded.length > 0 && dataset.damaged === "refuse") {
    return yield* new SourceFilesRefused({
      dataset: dataset.name,
      problems: excluded.map(({ path, reason }) => ({ path, reason })),
    })
  }
  const source: ArraySource = {
    train: train.set,
    test: test.set,
    sources: list.train.length + list.test.length,
    skipped: list.skipped,
    excluded,
    images: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
  return source
})

/** What is read of a dataset, and the versions of the files that decide it. `read`: the slow part. */
const open = Effect.fnUntraced(function* (dataset: PackedDataset) {
  const { classes, name } = dataset
  switch (dataset.kind) {
    case "folder": {
      const { list, versions } = yield* listFolders(name, dataset)
      const read = Effect.map(decodeSets(dataset, list), (source) => ({
        source,
        classes,
        more: list.classes,
      }))
      return { versions, read, origin: dataset.train }
    }
    case "manifest": {
      const { digest, list } = yield* listManifest(dataset)
      const files = [...list.train, ...list.test].map(({ file }) => file)
      const read = Effect.map(decodeSets(dataset, list), (source) => ({ source, classes, more: [] }))
      return { versions: `${digest},${yield* versionsOf(files)}`, read, origin: dataset.train }
    }
    case "npz": {
      const read = Effect.map(readNpz(dataset, shapeOf(dataset)), (source) => ({ source, classes, more: [] }))
      return { versions: yield* versionsOf([dataset.file]), read, origin: dataset.file }
    }
    case "npy": {
      const { testImages, testLabels, trainImages, trainLabels } = dataset
      const files = [trainImages, trainLabels, testImages, testLabels].filter((file) => file !== undefined)
      const read = Effect.map(readNpy(dataset, shapeOf(dataset)), (source) => ({ source, classes, more: [] }))
      return { versions: yield* versionsOf(files), read, origin: dataset.trainImages }
    }
    case "cifar": {
      const read = Effect.map(readCifar(dataset), ({ classes, source }) => ({ source, classes, more: [] }))
      return { versions: yield* versionsOf(yield* cifarFiles(dataset)), read, origin: dataset.folder }
    }
  }
})

/** A digest of path, size and time of files. A file that is missing is found when it is read. */
const versionsOf = Effect.fnUntraced(function* (files: ReadonlyArray<string>) {
  const paths = yield* Path.Path
  const lines = yield* Effect.forEach(
    files,
    Effect.fnUntraced(function* (file) {
      const path = paths.resolve(file)
      const version = yield* stat(path)
      return `${path}\0${version?.sizeBytes}\0${version?.modifiedMs}\n`
    }),
    { concurrency: 16 },
  )
  return yield* digestOf("sha256", new TextEncoder().encode(lines.join("")))
})

const filesOf = ({ files, packed }: FetchedDataset) => [
  ...Object.values(files),
  ...(packed === undefined ? [] : [packed.names, ...(packed.groups === undefined ? [] : [packed.groups])]),
]

/** Whether all files of a packed dataset are in the cache, unchanged. */
export const isPackedCopyKept = Effect.fn("isPackedCopyKept")(function* (fetched: FetchedDataset) {
  for (const { path, sha256 } of filesOf(fetched)) {
    if ((yield* lookUp(path, sha256)).kind !== "verified") return false
  }
  return true
})

const readIndex = Effect.fnUntraced(function* (path: string, versions: string) {
  const text = yield* readStringIfExists(path)
  if (text === undefined) return undefined
  const index = yield* decodeIndex(text).pipe(Effect.orElseSucceed(() => undefined))
  if (index?.versions !== versions) return undefined
  return (yield* isPackedCopyKept(index.fetched)) ? index.fetched : undefined
})

export const packDataset = Effect.fn("packDataset")(function* (dataset: PackedDataset, dataDir: string) {
  const paths = yield* Path.Path
  const folder = paths.join(paths.resolve(dataDir), "own")
  const { allow: _a, bounds: _b, ...description } = dataset
  const key = canonical([packerVersion, paths.resolve("."), description])
  const digest = yield* digestOf("sha256", new TextEncoder().encode(key))
  const indexPath = paths.join(folder, `${digest}.index.json`)
  const { origin, read, versions } = yield* open(dataset)
  const known = yield* readIndex(indexPath, versions)
  if (known !== undefined) return known
  const { classes, more, source } = yield* read
  const found = new Set([...source.train.labels, ...source.test.labels, ...more])
  const map = yield* Effect.fromResult(classMap(dataset.name, found, classes))
  const fetched = yield* keepPacked({
    dataset: dataset.name,
    source,
    shape: shapeOf(dataset),
    classes: map,
    origin: paths.resolve(origin),
    folder,
  })
  yield* writeAtomic(indexPath, `${JSON.stringify({ versions, fetched })}\n`)
  return fetched
})
