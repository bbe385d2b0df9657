/**
 * A dataset in tar files of WebDataset: (shards) -> its images, in the order of the shards and of their files.
 *
 * Aizman, Maltby and Breuel, High performance I/O for large scale deep learning (2019). The name of a file up to the first dot
 * after its folder is the key of its example, the rest says what it is: `00001.jpg`, `00001.cls`.
 */
import { posix } from "node:path"
import { Effect } from "effect"
import type { WebDataset } from "../../schemas/experiment/PackedDataset.ts"
import type { SourceFile } from "../../schemas/experiment/SourceFile.ts"
import { makeMembers, type Members } from "./archive/members.ts"
import { addArchive } from "./archive/openArchive.ts"
import { isSkipped } from "./folder.ts"
import { openNamed, type Reading } from "./locate.ts"
import { shardsOf } from "./shards.ts"
import type { ImageEntry, ImageList, SetName } from "./Source.ts"
import { readText, type SourceFiles } from "./sourceFiles.ts"
import type { SourceProblem } from "./SourceInvalid.ts"

type Dataset = typeof WebDataset.Type

/** A label is the name of a class: a larger file is none. */
const longestLabelBytes = 4096

const keyOf = (path: string) => {
  const name = posix.basename(path)
  const dot = name.indexOf(".")
  return dot < 0
    ? { key: path, extension: "" }
    : {
        key: path.slice(0, path.length - name.length + dot),
        extension: name.slice(dot + 1).toLowerCase(),
      }
}

/** With a list of classes, a number that is no name is a place in the list. */
const classOf = (text: string, classes: Dataset["classes"]) => {
  const label = text.trim()
  if (typeof classes === "number" || classes.includes(label) || !/^\d+$/.test(label)) return label
  return classes[Number(label)] ?? label
}

interface Example {
  readonly key: string
  readonly files: Map<string, string>
}

/** The examples of a shard in the order of their first file. */
const examplesIn = (paths: ReadonlyArray<string>) => {
  const examples = new Map<string, Example>()
  for (const path of paths) {
    const { extension, key } = keyOf(path)
    const example = examples.get(key) ?? { key, files: new Map() }
    example.files.set(extension, path)
    examples.set(key, example)
  }
  return [...examples.values()]
}

/** `at`: where the files of the shard are among the members. `paths`: from there. */
const readShard = Effect.fnUntraced(function* (
  dataset: Dataset,
  files: SourceFiles,
  { at, name: shard, paths }: Shard,
) {
  const problems: Array<SourceProblem> = []
  const entries: Array<ImageEntry> = []
  const images = dataset.images.map((extension) => extension.toLowerCase())
  for (const example of examplesIn(paths)) {
    const problem = (reason: string) => problems.push({ path: `${shard}/${example.key}`, reason })
    const has = [...example.files.keys()].map((extension) => `.${extension}`).join(", ")
    const extension = images.find((each) => example.files.has(each))
    const image = extension === undefined ? undefined : example.files.get(extension)
    const labelPath = example.files.get(dataset.label.toLowerCase())
    if (image === undefined) problem(`found ${has}, expected an image (.${images.join(", .")})`)
    else if (labelPath === undefined) problem(`found ${has}, expected a label (.${dataset.label})`)
    else {
      const text = yield* readText(files, `${at}/${labelPath}`, longestLabelBytes, `${shard}/${labelPath}`)
      const label = classOf(text, dataset.classes)
      if (label === "") problem(`found an empty label (.${dataset.label})`)
      else entries.push({ file: `${at}/${image}`, name: `${shard}/${image}`, label })
    }
  }
  return { entries, problems }
})

interface Shard {
  readonly set: SetName
  readonly at: string
  readonly name: string
  readonly paths: Array<string>
}

/** Adds the files of the shards to the members. */
const addShards = Effect.fnUntraced(function* (
  reading: Reading,
  members: Members,
  set: SetName,
  shards: ReadonlyArray<SourceFile>,
) {
  const found: Array<Shard> = []
  for (const [index, shard] of shards.entries()) {
    const at = `${set}-${index}`
    const name = yield* Effect.scoped(
      Effect.gen(function* () {
        const { file, name } = yield* openNamed(reading, set, shard, "a tar file of WebDataset")
        yield* addArchive(members, file, name, { prefix: `${at}/` })
        return name
      }),
    )
    found.push({ set, at, name, paths: [] })
  }
  return found
})

/** The files of all shards are in one file without a name until the scope ends. */
export const listWebDataset = Effect.fn("listWebDataset")(function* (reading: Reading, dataset: Dataset) {
  const members = yield* makeMembers(reading.scratchFolder)
  const shards = [
    ...(yield* addShards(reading, members, "train", shardsOf(dataset.train))),
    ...(yield* addShards(reading, members, "test", shardsOf(dataset.test))),
  ]
  const files = members.files()
  const tree = yield* files.list(".", isSkipped)
  const byPlace = new Map(shards.map((shard) => [shard.at, shard]))
  const shardOf = (path: string) => byPlace.get(path.slice(0, path.indexOf("/")))
  const within = (path: string) => path.slice(path.indexOf("/") + 1)
  for (const { path } of tree.files) shardOf(path)?.paths.push(within(path))
  const problems: Array<SourceProblem> = tree.refused.map(({ path, reason }) => ({
    path: `${shardOf(path)?.name}/${within(path)}`,
    reason: `found ${reason}, expected a file`,
  }))
  const entries: Record<SetName, Array<ImageEntry>> = { train: [], test: [] }
  for (const shard of shards) {
    const found = yield* readShard(dataset, files, shard)
    problems.push(...found.problems)
    for (const entry of found.entries) entries[shard.set].push(entry)
  }
  const list: ImageList = { files, ...entries, classes: [], problems, skipped: tree.skipped }
  return list
})
