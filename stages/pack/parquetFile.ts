/**
 * A Parquet file of images: (file by position, names of columns) -> its rows, one row group after another, and the names of its
 * classes.
 *
 * The layout of Hugging Face's `datasets`: a column of images, `{ bytes, path }` each, and a column of labels whose names are in
 * the metadata. Read by hyparquet, in the thread of `parquetWorker.ts`: with a damaged file it may never end.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib"
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type SchemaTree,
} from "hyparquet"
import { size as showSize } from "../../format/size.ts"
import { ArchiveFault } from "./archive/limit.ts"

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

const damaged = (error: unknown) =>
  error instanceof ArchiveFault
    ? error
    : new ArchiveFault(
        error instanceof Error ? error.message.replace(/^parquet /, "") : String(error),
        "a whole Parquet file",
        "the file is damaged: get it again",
      )

/** What a failed reading throws is what is wrong with the file. */
const reading = async <A>(read: () => A | Promise<A>): Promise<A> => {
  try {
    return await read()
  } catch (error) {
    throw damaged(error)
  }
}

const checkColumns = (metadata: FileMetaData, { image: imageName, label: labelName }: ParquetColumns) => {
  const tree = parquetSchema(metadata)
  const find = (column: string) => tree.children.find(({ element }) => element.name === column)
  const [image, label] = [find(imageName), find(labelName)]
  if (image === undefined || !isImage(image) || label === undefined || !isLabel(label)) {
    const found = tree.children.map(describeColumn).join(", ")
    throw new ArchiveFault(
      `the columns ${found || "(none)"}`,
      `a column ${imageName} {bytes, path} or of bytes, and a column ${labelName} of whole numbers or text`,
      "name the columns with dataset.columns",
    )
  }
  const codec = unreadableCodec(metadata, [imageName, labelName])
  if (codec === undefined) return
  const expected = "pages compressed by Snappy, gzip, Zstandard or Brotli"
  throw new ArchiveFault(`compression by ${codec}`, expected, "write the file again with one of them")
}

/** Throws what is wrong with the file. `mostBytes`: in a row group, whose images are all in memory. */
export const openParquet = (file: AsyncBuffer, columns: ParquetColumns, mostBytes: number) =>
  reading(async () => {
    const metadata: FileMetaData = await parquetMetadataAsync(file)
    checkColumns(metadata, columns)
    const firstRows: Array<number> = []
    let rows = 0
    for (const group of metadata.row_groups) {
      firstRows.push(rows)
      rows += Number(group.num_rows)
    }
    /** The rows of a row group. */
    const readGroup = (index: number): Promise<ReadonlyArray<Row>> =>
      reading(async () => {
        const group = metadata.row_groups[index]
        const bytes = Number(group.total_byte_size)
        if (bytes > mostBytes) {
          const expected = `row groups of at most ${showSize(mostBytes)}`
          const advice = "write it with smaller row groups"
          throw new ArchiveFault(`a row group of ${showSize(bytes)}`, expected, advice)
        }
        const rowStart = firstRows[index]
        const found = await parquetReadObjects({
          file,
          metadata,
          columns: [columns.image, columns.label],
          rowStart,
          rowEnd: rowStart + Number(group.num_rows),
          compressors,
          utf8: false,
        })
        return found.map((row) => rowOf(row[columns.image], row[columns.label]))
      })
    return {
      /** What `datasets` wrote, as JSON; undefined if other programs wrote the file. */
      metadata: metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value,
      groups: metadata.row_groups.length,
      readGroup,
    }
  })
export type ParquetFile = Awaited<ReturnType<typeof openParquet>>
