/**
 * A dataset in a table of pixels: (CSV files) -> images and the class of each, in the order of the rows.
 *
 * One column has the label, the others have one pixel each, row by row and channels last: Kaggle's layout of MNIST. CSV as in
 * RFC 4180 (2005), plain or gzip, read by csv-parse.
 */
import { Readable } from "node:stream"
import { Effect } from "effect"
import { CsvError, parse } from "csv-parse"
import type { TableDataset } from "../../schemas/experiment/PackedDataset.ts"
import type { SourceFile } from "../../schemas/experiment/SourceFile.ts"
import type { OpenFile } from "../../storage/openFile.ts"
import { StorageFailed } from "../../storage/StorageFailed.ts"
import { compressionOf, contentOf } from "./archive/content.ts"
import { ArchiveFault, makeLimit } from "./archive/limit.ts"
import type { Shape } from "./decodeList.ts"
import { openNamed, type Reading } from "./locate.ts"
import { shardsOf } from "./shards.ts"
import type { ImageSink } from "./imageSink.ts"
import type { ArraySet, ArraySource, SetName } from "./Source.ts"
import { SourceInvalid } from "./SourceInvalid.ts"

/** Images are written when there are so many. */
const blockBytes = 2 ** 20

type Table = typeof TableDataset.Type

/** What is wrong with a row, and where: it is thrown while a table is read. */
class RowFault extends Error {
  readonly expected: string
  readonly advice: string
  constructor(found: string, expected: string, advice: string) {
    super(found)
    this.expected = expected
    this.advice = advice
  }
}

/** The index of the label: a column of the header, or a place counted from the start or, if negative, from the end. */
const labelIndex = (label: Table["label"], row: ReadonlyArray<string>): number => {
  const at =
    typeof label === "number"
      ? label < 0
        ? row.length + label
        : label
      : row.findIndex((name) => name.trim() === label)
  if (at >= 0 && at < row.length) return at
  const shown = row.slice(0, 10).join(", ")
  throw new RowFault(
    `${row.length} columns (${shown}${row.length > 10 ? ", …" : ""})`,
    typeof label === "number" ? `a column at ${label}` : `a header with a column ${label}`,
    "say with dataset.label which column has the label, and with header: false that the first row is an example",
  )
}

const checkColumns = (row: ReadonlyArray<string>, [height, width, channels]: Shape) => {
  const pixels = height * width * channels
  if (row.length - 1 === pixels) return
  throw new RowFault(
    `${row.length} columns`,
    `${pixels + 1}: a label and ${height}×${width}×${channels} pixels`,
    "correct dataset.imageShape, or remove other columns from the table",
  )
}

/** The number of a label that a program wrote as a decimal is a whole one: 3.000e+00. */
const labelOf = (written: string, classes: Table["classes"]): string => {
  const text = written.trim()
  const label = /^\d+\.\d*(e[+-]?\d+)?$/i.test(text) ? String(Number(text)) : text
  if (label === "") throw new RowFault("no label", "one in every row", "correct or remove the row")
  if (label.includes("\uFFFD")) {
    throw new RowFault("a label that is not in UTF-8", "text in UTF-8", "save the table again in UTF-8")
  }
  if (typeof classes === "number" || classes.includes(label) || !/^\d+$/.test(label)) return label
  return classes[Number(label)] ?? label
}

/** A pixel as a byte. Throws unless it is a number from 0 to `brightest`. */
const pixelOf = (text: string, brightest: number): number => {
  const value = text.trim() === "" ? Number.NaN : Number(text)
  if (value >= 0 && value <= brightest) return Math.round((value * 255) / brightest)
  throw new RowFault(
    `the pixel ${JSON.stringify(text)}`,
    `numbers from 0 to ${brightest}`,
    "correct the row, or say with dataset.brightest which number is white",
  )
}

/** Throws what is wrong with the table, with its line. */
const readRows = async (
  file: OpenFile,
  table: Table,
  shape: Shape,
  name: string,
  sink: ImageSink,
): Promise<Omit<ArraySet, "images">> => {
  const { brightest, classes, header, label } = table
  const size = shape[0] * shape[1] * shape[2]
  const compression = compressionOf(file.read(0, 4))
  const { count } = makeLimit(file.sizeBytes)
  const text = Readable.from(contentOf(file, compression, count), { objectMode: false })
  const rows = text.pipe(parse({ bom: true, info: true, skip_empty_lines: true }))
  text.on("error", (error) => rows.destroy(error))
  const [labels, names]: [Array<string>, Array<string>] = [[], []]
  const block = new Uint8Array(size * Math.max(1, Math.floor(blockBytes / size)))
  let filled = 0
  let at = -1
  let line = 0
  try {
    for await (const { info, record } of rows as AsyncIterable<{
      readonly info: { readonly lines: number }
      readonly record: ReadonlyArray<string>
    }>) {
      line = info.lines
      if (at < 0) {
        at = labelIndex(label, record)
        checkColumns(record, shape)
        if (header) continue
      }
      for (let column = 0; column < record.length; column++) {
        if (column !== at) block[filled++] = pixelOf(record[column], brightest)
      }
      if (filled === block.length) {
        sink.appendNow(block)
        filled = 0
      }
      labels.push(labelOf(record[at], classes))
      names.push(`${name}:${line}`)
    }
    sink.appendNow(block.subarray(0, filled))
  } catch (error) {
    throw invalidOf(error, name, line)
  } finally {
    text.destroy()
  }
  return { labels, names }
}

const invalidOf = (error: unknown, name: string, line: number) => {
  if (error instanceof StorageFailed) return error
  if (error instanceof ArchiveFault || error instanceof RowFault) {
    const path = error instanceof RowFault ? `${name}:${line}` : name
    return new SourceInvalid({ path, found: error.message, expected: error.expected, advice: error.advice })
  }
  const isCsv = error instanceof CsvError
  return new SourceInvalid({
    path: name,
    found: error instanceof Error ? error.message : String(error),
    expected: isCsv ? "CSV with as many columns in every row" : "a whole file",
    advice: isCsv
      ? "correct the row, or quote values that have a comma"
      : "the file is damaged: get it again",
  })
}

export const readTable = Effect.fn("readTable")(function* (reading: Reading, table: Table, shape: Shape) {
  const readFile = Effect.fnUntraced(function* (set: SetName, source: SourceFile) {
    const { file, name } = yield* openNamed(reading, set, source, "a CSV file")
    return yield* Effect.tryPromise({
      try: () => readRows(file, table, shape, name, reading.sinks[set]),
      catch: (error) => error as SourceInvalid | StorageFailed,
    })
  }, Effect.scoped)
  const readSet = Effect.fnUntraced(function* (set: SetName) {
    const found = yield* Effect.forEach(shardsOf(table[set]), (source) => readFile(set, source))
    const all: ArraySet = {
      images: reading.sinks[set],
      labels: found.flatMap(({ labels }) => labels),
      names: found.flatMap(({ names }) => names),
    }
    return all
  })
  const source: ArraySource = {
    train: yield* readSet("train"),
    test: yield* readSet("test"),
    sources: shardsOf(table.train).length + shardsOf(table.test).length,
    skipped: 0,
    excluded: [],
    images: {},
  }
  return source
})
