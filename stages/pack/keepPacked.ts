/**
 * Writes packed arrays into the cache: (examples of both sets, classes, folder) -> the files of a fetched dataset, named by
 * their digests.
 *
 * Images and labels are IDX files, as those of MNIST, so that the rest of a run reads one format. The same examples in the same
 * order have the same digests, whatever they came from.
 */
import { createHash } from "node:crypto"
import { Effect, Path } from "effect"
import type { FetchedDataset, FetchedFile, Packed } from "../../schemas/experiment/Dataset.ts"
import { encodeIdx } from "../dataset/idx.ts"
import { digestOf } from "../digest.ts"
import { makeGrowingFile } from "../../storage/growingFile.ts"
import { keep, keepGrowing, lookUp } from "../fetch/cache.ts"
import type { ClassMap } from "./classMap.ts"
import type { Shape } from "./decodeList.ts"
import type { ArraySet, ArraySource } from "./Source.ts"

/** The first 64 bits of the digest of a group's name. */
const groupKey = (group: string): readonly [number, number] => {
  const digest = createHash("sha256").update(group).digest()
  return [digest.readInt32BE(0), digest.readInt32BE(4)]
}

/** One byte for each label if that is enough, as in MNIST. */
const labelsOf = ({ labels }: ArraySet, { labelOf, names }: ClassMap) =>
  names.length <= 256
    ? encodeIdx({ type: "uint8", dims: [labels.length], data: Uint8Array.from(labels, labelOf) })
    : encodeIdx({ type: "int16", dims: [labels.length], data: Int16Array.from(labels, labelOf) })

/** An example without a group is one of its own. */
const groupsOf = ({ groups, names }: ArraySet) => names.map((name, at) => groups?.[at] ?? `\0${name}`)

/** Names that are written at once. */
const namesAtOnce = 10_000

/** A JSON text a line. */
const keepNames = Effect.fnUntraced(function* (
  sets: ReadonlyArray<ReadonlyArray<string>>,
  origin: string,
  folder: string,
) {
  const file = yield* makeGrowingFile(folder)
  for (const names of sets) {
    for (let from = 0; from < names.length; from += namesAtOnce) {
      const lines = names.slice(from, from + namesAtOnce).map((name) => `${JSON.stringify(name)}\n`)
      const bytes = new TextEncoder().encode(lines.join(""))
      yield* file.append(bytes)
      yield* Effect.yieldNow
    }
  }
  return yield* keepGrowing(file, folder, "names", origin)
}, Effect.scoped)

export const keepPacked = Effect.fn("keepPacked")(function* (options: {
  readonly dataset: string
  readonly source: ArraySource
  readonly shape: Shape
  readonly classes: ClassMap
  /** For people: where the data came from. */
  readonly origin: string
  readonly folder: string
}) {
  const { classes, dataset, folder, origin, shape, source } = options
  const paths = yield* Path.Path
  const keepFile = Effect.fnUntraced(function* (bytes: Uint8Array, suffix: string) {
    const sha256 = yield* digestOf("sha256", bytes)
    const path = paths.join(folder, `${sha256}.${suffix}`)
    const cached = yield* lookUp(path, sha256)
    const file: FetchedFile =
      cached.kind === "verified" ? cached.file : yield* keep(path, { bytes, sha256, source: origin })
    return file
  })
  const { test, train } = source
  const files = {
    trainImages: yield* train.images.keep(origin),
    trainLabels: yield* keepFile(labelsOf(train, classes), "idx"),
    testImages: yield* test.images.keep(origin),
    testLabels: yield* keepFile(labelsOf(test, classes), "idx"),
  }
  const names = yield* keepNames([train.names, test.names], origin, folder)
  const hasGroups = train.groups !== undefined || test.groups !== undefined
  const keys = hasGroups ? [...groupsOf(train), ...groupsOf(test)].map(groupKey) : []
  const groups = hasGroups
    ? yield* keepFile(
        encodeIdx({ type: "int32", dims: [keys.length, 2], data: Int32Array.from(keys.flat()) }),
        "idx",
      )
    : undefined
  const digest = createHash("sha256")
  for (const file of [...Object.values(files), ...(groups === undefined ? [] : [groups])]) {
    digest.update(`${file.sha256}\n`)
  }
  // Not their paths: the same files elsewhere are the same dataset.
  for (const content of source.excluded.map(({ sha256 }) => sha256 ?? "unread").toSorted()) {
    digest.update(`excluded ${content}\n`)
  }
  const packed: Packed = {
    digest: digest.digest("hex"),
    names,
    ...(groups === undefined ? {} : { groups }),
    sources: source.sources,
    skipped: source.skipped,
    excluded: source.excluded,
    images: source.images,
  }
  const [height, width, channels] = shape
  const fetched: FetchedDataset = {
    name: dataset,
    classes: classes.names.length,
    imageShape: [height, width, channels],
    layout: { transposed: false, firstLabel: 0, labelColumns: 1 },
    files,
    classNames: classes.names,
    packed,
  }
  return fetched
})
