/**
 * A dataset in Parquet files: (files, names of columns) -> its images in the order of the rows, and the names of its classes.
 *
 * The encoded images are copied into one file without a name, and decoded from there as those of all kinds.
 */
import { Effect } from "effect"
import type { ParquetDataset } from "../../schemas/experiment/PackedDataset.ts"
import type { SourceFile } from "../../schemas/experiment/SourceFile.ts"
import { ArchiveFault } from "./archive/limit.ts"
import { makeMembers, type Members } from "./archive/members.ts"
import { openNamed, type Reading } from "./locate.ts"
import type { Row } from "./parquetFile.ts"
import { openParquet } from "./parquetThread.ts"
import { shardsOf } from "./shards.ts"
import type { ImageEntry, ImageList, SetName } from "./Source.ts"
import { SourceInvalid, type SourceProblem } from "./SourceInvalid.ts"
import { StorageFailed } from "../../storage/StorageFailed.ts"

type Dataset = typeof ParquetDataset.Type
type Names = ReadonlyArray<string> | undefined

/** The name of a row's class: a number is a place in the names. */
const classOf = (label: string, names: Names): string | undefined =>
  names === undefined || names.includes(label)
    ? label
    : /^\d+$/.test(label)
      ? names[Number(label)]
      : undefined

interface Found {
  readonly entries: Array<ImageEntry>
  readonly problems: Array<SourceProblem>
}

const readFile = Effect.fnUntraced(function* (
  reading: Reading,
  dataset: Dataset,
  members: Members,
  set: SetName,
  source: SourceFile,
  at: string,
  found: Found,
) {
  const { file, name } = yield* openNamed(reading, set, source, "a Parquet file")
  const parquet = yield* openParquet(file, name, dataset.columns)
  const names = typeof dataset.classes === "number" ? parquet.classNames : dataset.classes
  const unpacking = members.unpacking(file.sizeBytes, `${at}/`)
  const keep = ({ bytes, label, path }: Row, row: number) => {
    const shown = `${name}[${row}]`
    const problem = (reason: string, kind = reason) => found.problems.push({ path: shown, reason, kind })
    const named = label === undefined ? undefined : classOf(label, names)
    if (bytes === undefined) {
      problem(
        path === undefined ? "found no image" : `found the path ${path}, expected the bytes of the image`,
        path === undefined ? "no image" : "a path",
      )
    } else if (label === undefined || label === "") problem(`found no ${dataset.columns.label}`)
    else if (named === undefined) {
      problem(
        `found the label ${label}, expected 0 to ${(names?.length ?? 1) - 1} or the name of a class`,
        "an unknown label",
      )
    } else {
      const member = unpacking.begin(String(row), bytes.byteLength)
      unpacking.count(bytes.byteLength)
      member.write(bytes)
      member.end()
      found.entries.push({ file: `${at}/${row}`, name: shown, label: named })
    }
  }
  let row = 0
  for (let group = 0; group < parquet.groups; group++) {
    const rows = yield* parquet.readGroup(group)
    yield* Effect.try({
      try: () => rows.forEach((each) => keep(each, row++)),
      catch: (error) =>
        error instanceof ArchiveFault
          ? new SourceInvalid({
              path: name,
              found: error.message,
              expected: error.expected,
              advice: error.advice,
            })
          : (error as StorageFailed),
    })
    yield* Effect.yieldNow
  }
  return { classNames: parquet.classNames, name }
}, Effect.scoped)

/** `classes`: the names in the metadata, if the experiment only counts them. */
export const listParquet = Effect.fn("listParquet")(function* (reading: Reading, dataset: Dataset) {
  const members = yield* makeMembers(reading.scratchFolder)
  const problems: Array<SourceProblem> = []
  const entries: Record<SetName, Array<ImageEntry>> = { train: [], test: [] }
  let first: { readonly classNames: Names; readonly name: string } | undefined
  for (const set of ["train", "test"] as const) {
    for (const [index, source] of shardsOf(dataset[set]).entries()) {
      const found = { entries: entries[set], problems }
      const read = yield* readFile(reading, dataset, members, set, source, `${set}-${index}`, found)
      first ??= read
      if (typeof dataset.classes !== "number" || read.classNames?.join("\0") === first.classNames?.join("\0"))
        continue
      return yield* new SourceInvalid({
        path: read.name,
        found: `the classes ${read.classNames?.join(", ") ?? "(no names)"}`,
        expected: `those of ${first.name}: ${first.classNames?.join(", ") ?? "(no names)"}`,
        advice: "give files of one dataset, or list the names in dataset.classes",
      })
    }
  }
  const list: ImageList = { files: members.files(), ...entries, classes: [], problems, skipped: 0 }
  const classes =
    typeof dataset.classes === "number" ? (first?.classNames ?? dataset.classes) : dataset.classes
  return { list, classes }
})
