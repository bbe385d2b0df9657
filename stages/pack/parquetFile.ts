/**
 * A Parquet file of images: (file by position, names of columns) -> its rows, one row group after another, and the names of its
 * classes.
 *
 * The layout of Hugging Face's `datasets`: a column of images, `{ bytes, path }` each, and a column of labels whose names are in
 * the metadata. Read by hyparquet.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib"
import { Effect, Option, Schema } from "effect"
import {
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from "hyparquet"
import { size as showSize } from "../../format/size.ts"
import type { OpenFile } from "../../storage/openFile.ts"
import { largestFileBytes } from "../../storage/regularFile.ts"
import { SourceInvalid } from "./SourceInvalid.ts"

export interface ParquetColumns {
  readonly image: string
  readonly label: string
}

/** Nothing inflates to more than its page declares. Snappy is part of the reader. */
const compressors: Compressors = {
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  ZSTD: (input, length) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
}

/** The part of the metadata of `datasets` that has the names of classes. */
const Metadata = Schema.fromJsonString(
  Schema.Struct({
    info: Schema.Struct({
      features: Schema.Record(
        Schema.String,
        Schema.Struct({ names: Schema.optionalKey(Schema.Array(Schema.String)) }),
      ),
    }),
  }),
)
const decodeMetadata = Schema.decodeUnknownOption(Metadata)

const describeColumn = ({ children, element }: SchemaTree): string =>
  children.length > 0
    ? `${element.name} {${children.map((child) => child.element.name).join(", ")}}`
    : `${element.name} ${element.converted_type ?? element.type ?? ""}`.trim()

const isBytes = ({ children, element }: SchemaTree) =>
  children.length === 0 && element.type === "BYTE_ARRAY" && element.repetition_type !== "REPEATED"

const isImage = (column: SchemaTree) =>
  isBytes(column) || column.children.some((child) => child.element.name === "bytes" && isBytes(child))

const isLabel = ({ children, element }: SchemaTree) =>
  children.length === 0 &&
  element.repetition_type !== "REPEATED" &&
  ["INT32", "INT64", "BYTE_ARRAY"].includes(element.type ?? "")

/** The compression of a column that cannot be read, if there is one. */
const unreadableCodec = ({ row_groups }: FileMetaData, columns: ReadonlyArray<string>) =>
  row_groups
    .flatMap((group) => group.columns)
    .flatMap(({ meta_data }) =>
      meta_data !== undefined && columns.includes(meta_data.path_in_schema[0]) ? [meta_data.codec] : [],
    )
    .find((codec) => codec !== "UNCOMPRESSED" && codec !== "SNAPPY" && !(codec in compressors))

export interface Row {
  /** Undefined if there are none. `path`: what is in their place. */
  readonly bytes: Uint8Array | undefined
  readonly path: string | undefined
  /** The name or the number of the class; undefined if it has none. */
  readonly label: string | undefined
}

const textDecoder = new TextDecoder()

const rowOf = (image: unknown, label: unknown): Row => {
  const isStruct = typeof image === "object" && image !== null && !(image instanceof Uint8Array)
  const bytes: unknown = isStruct && "bytes" in image ? image.bytes : image
  const path: unknown = isStruct && "path" in image ? image.path : undefined
  return {
    bytes: bytes instanceof Uint8Array ? bytes : undefined,
    path: typeof path === "string" ? path : undefined,
    label:
      label instanceof Uint8Array
        ? textDecoder.decode(label)
        : typeof label === "string" || typeof label === "bigint" || typeof label === "number"
          ? String(label)
          : undefined,
  }
}

/** `name`: of the file in messages. */
export const openParquet = Effect.fn("openParquet")(function* (
  { read, sizeBytes }: OpenFile,
  name: string,
  columns: ParquetColumns,
) {
  const invalid = (found: string, expected: string, advice: string) =>
    new SourceInvalid({ path: name, found, expected, advice })
  const damaged = (error: unknown) =>
    invalid(
      error instanceof Error ? error.message.replace(/^parquet /, "") : String(error),
      "a whole Parquet file",
      "the file is damaged: get it again",
    )
  const file = {
    byteLength: sizeBytes,
    slice: (from: number, until: number = sizeBytes) => {
      const bytes = read(from, Math.max(0, until - from))
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
    },
  }
  const metadata = yield* Effect.tryPromise({
    try: async (): Promise<FileMetaData> => parquetMetadataAsync(file),
    catch: damaged,
  })
  const tree = yield* Effect.try({ try: () => parquetSchema(metadata), catch: damaged })
  const find = (column: string) => tree.children.find(({ element }) => element.name === column)
  const [image, label] = [find(columns.image), find(columns.label)]
  const isGood = image !== undefined && isImage(image) && label !== undefined && isLabel(label)
  if (!isGood) {
    const found = tree.children.map(describeColumn).join(", ")
    return yield* invalid(
      `the columns ${found || "(none)"}`,
      `a column ${columns.image} {bytes, path} or of bytes, and a column ${columns.label} of whole numbers or text`,
      "name the columns with dataset.columns",
    )
  }
  const codec = unreadableCodec(metadata, [columns.image, columns.label])
  if (codec !== undefined) {
    const expected = "pages compressed by Snappy, gzip, Zstandard or Brotli"
    return yield* invalid(`compression by ${codec}`, expected, "write the file again with one of them")
  }
  const stored = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value
  const features = Option.getOrUndefined(decodeMetadata(stored))?.info.features
  const firstRows: Array<number> = []
  let rows = 0
  for (const group of metadata.row_groups) {
    firstRows.push(rows)
    rows += Number(group.num_rows)
  }
  /** The rows of a row group; all of its images are in memory. */
  const readGroup = Effect.fnUntraced(function* (index: number) {
    const group = metadata.row_groups[index]
    const bytes = Number(group.total_byte_size)
    if (bytes > largestFileBytes) {
      const expected = `row groups of at most ${showSize(largestFileBytes)}`
      return yield* invalid(`a row group of ${showSize(bytes)}`, expected, "write it with smaller row groups")
    }
    const rowStart = firstRows[index]
    const found = yield* Effect.tryPromise({
      try: () =>
        parquetReadObjects({
          file,
          metadata,
          columns: [columns.image, columns.label],
          rowStart,
          rowEnd: rowStart + Number(group.num_rows),
          compressors,
          utf8: false,
        }),
      catch: damaged,
    })
    return found.map((row) => rowOf(row[columns.image], row[columns.label]))
  })
  return {
    /** The names of the classes by label, if the metadata has them. */
    classNames: features?.[columns.label]?.names,
    groups: metadata.row_groups.length,
    readGroup,
  }
})
