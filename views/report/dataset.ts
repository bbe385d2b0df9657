/** The dataset: (records, pictures) -> the section with counts, an example of each class, and the files. */
import { type DatasetFigures, fileNames } from "../../schemas/experiment/Dataset.ts"
import { size } from "../../format/size.ts"
import { alikeCards } from "../page/alike.ts"
import { type Content, html } from "../page/html.ts"
import { facts, folded, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { describeEmptyClasses } from "../../stages/validate/emptyClasses.ts"
import { showUrls } from "../../format/showUrl.ts"
import type { Pictures } from "./pictures.ts"
import type { RunRecords } from "./RunRecords.ts"
import { count, measure, percent } from "../../format/numbers.ts"

const splitOf = ({ experiment }: RunRecords): string => {
  if (experiment === undefined) return "unknown"
  const { split } = experiment
  if (split.kind === "hashed") {
    const test =
      split.test === undefined ? "standard test set" : `about ${percent(split.test)} of all for testing`
    return `by a hash of each ${split.by === "group" ? "group" : "image"}: ${test}, about ${percent(split.validation)} of the rest for validation (seed ${split.seed})`
  }
  const stratified = split.stratified === true ? ", with the same shares of classes" : ""
  return split.kind === "standard"
    ? `standard training and test sets; ${count(split.validation)} training examples held out for validation (seed ${split.seed}${stratified})`
    : `all examples pooled; ${percent(split.test)} held out for testing, then ${percent(split.validation)} of the rest for validation (seed ${split.seed}${stratified})`
}

const normalizationOf = ({ experiment }: RunRecords): string => {
  switch (experiment?.normalization) {
    case undefined:
      return "unknown"
    case "unit":
      return "unit (pixel / 255)"
    case "standardized":
      return "standardized (mean 0 and standard deviation 1 over the training split)"
    case "standardizedByChannel":
      return "standardized by channel (mean 0 and standard deviation 1 of each channel over the training split)"
  }
}

/** Mean and standard deviation that pixels are standardized by. */
const standardizedBy = (by: DatasetFigures["standardizedBy"]) => {
  if (by === undefined) return []
  const channels = "mean" in by ? [by] : by
  const listOf = (values: ReadonlyArray<number>) => values.map(measure).join(", ")
  const means = listOf(channels.map(({ mean }) => mean))
  const deviations = listOf(channels.map(({ stddev }) => stddev))
  return [["standardized by", `mean ${means}; standard deviation ${deviations}`] as const]
}

const classesTable = (
  dataset: DatasetFigures,
  names: ReadonlyArray<string>,
  example: (label: number) => Content,
) => {
  const { test, train } = dataset
  const pictured = example(0) !== null
  return table({
    caption: "Examples per class, with the first test example of each",
    columns: [
      "class",
      ...(pictured ? ["example"] : []),
      { name: "train", numeric: true },
      { name: "share", numeric: true },
      { name: "test", numeric: true },
      { name: "share", numeric: true },
    ],
    rows: names.map((name, label) => [
      name,
      ...(pictured ? [example(label)] : []),
      count(train.classCounts[label] ?? 0),
      percent((train.classCounts[label] ?? 0) / train.examples),
      count(test.classCounts[label] ?? 0),
      percent((test.classCounts[label] ?? 0) / test.examples),
    ]),
  })
}

/** What packing found; nothing for datasets that were not packed. */
const packedFacts = ({ fetched }: RunRecords): ReadonlyArray<readonly [string, Content]> => {
  const packed = fetched?.packed
  if (packed === undefined) return []
  const images = Object.entries(packed.images).map(([what, number]) => `${count(number)} ${what}`)
  return [
    ["digest of pixels and labels", html`<code>${packed.digest}</code>`],
    ["packed files", `${count(packed.sources)}${images.length === 0 ? "" : `: ${images.join(", ")}`}`],
    ["hidden files skipped", count(packed.skipped)],
    ["files excluded", count(packed.excluded.length)],
  ]
}

const nearDuplicatesOf = ({ nearDuplicates }: DatasetFigures, pictures: Pictures["alike"]) =>
  nearDuplicates === undefined || nearDuplicates.pairs === 0
    ? []
    : [
        folded(
          `Near duplicates: ${count(nearDuplicates.pairs)}`,
          html`${alikeCards(nearDuplicates, pictures)}`,
        ),
      ]

const excludedTable = ({ fetched }: RunRecords) => {
  const excluded = fetched?.packed?.excluded ?? []
  if (excluded.length === 0) return null
  const rows = excluded
    .slice(0, 1000)
    .map(({ path, reason, sha256 }) => [path, reason, html`<code>${sha256 ?? "–"}</code>`])
  return folded(
    `All ${count(excluded.length)} excluded files`,
    table({ caption: "Files that are not in the dataset", columns: ["file", "reason", "SHA-256"], rows }),
  )
}

const filesTable = ({ fetched }: RunRecords) =>
  fetched === undefined
    ? null
    : table({
        caption: "Files, with the SHA-256 of their uncompressed content",
        columns: ["file", { name: "size", numeric: true }, "SHA-256", "source"],
        rows: fileNames.map((name) => {
          const file = fetched.files[name]
          return [name, size(file.sizeBytes), html`<code>${file.sha256}</code>`, showUrls(file.source)]
        }),
      })

export const datasetSection = (
  records: RunRecords,
  names: ReadonlyArray<string>,
  { alike, examples, ofClass }: Pictures,
): Section | null => {
  const { dataset } = records
  if (dataset === undefined) return null
  const example = (label: number): Content => {
    const row = ofClass.get(label)
    return (row === undefined ? undefined : examples.get(row))?.(`an example of ${names[label]}`) ?? null
  }
  const classes = classesTable(dataset, names, example)
  const { duplicates, imageShape, name, test, train } = dataset
  const pixels = (set: DatasetFigures["train"]) =>
    `mean ${measure(set.pixelMean)}, standard deviation ${measure(set.pixelStddev)}`
  return {
    id: "dataset",
    title: "Dataset",
    content: [
      facts([
        ["name", name],
        ["images", `${imageShape.join("×")}, ${names.length} classes`],
        ["training set", `${count(train.examples)} examples; pixels: ${pixels(train)}`],
        ["test set", `${count(test.examples)} examples; pixels: ${pixels(test)}`],
        ["test images also in the training set", count(duplicates)],
        ["split", splitOf(records)],
        ...(dataset.emptyClasses === undefined
          ? []
          : [
              [
                "classes without examples",
                describeEmptyClasses(dataset.emptyClasses, names).join("; "),
              ] as const,
            ]),
        ["pixel normalization", normalizationOf(records)],
        ...standardizedBy(dataset.standardizedBy),
        ...packedFacts(records),
      ]),
      names.length <= 64
        ? html`<div class="examples">${classes}</div>`
        : folded(`All ${names.length} classes`, classes),
      ...nearDuplicatesOf(dataset, alike),
      filesTable(records),
      excludedTable(records),
    ],
  }
}
