/**
 * A dataset with a manifest: (CSV or JSON Lines file) -> its images, in the order of the rows.
 *
 * CSV as in RFC 4180 (2005) with a header, in UTF-8 with or without a byte order mark. Read by csv-parse.
 */
import { Effect, Path, Result } from "effect"
import { parse } from "csv-parse/sync"
import type { ManifestDataset } from "../../schemas/experiment/PackedDataset.ts"
import { shortened } from "../../schemas/shortened.ts"
import { longestTextBytes } from "../../storage/regularFile.ts"
import { digestOf } from "../digest.ts"
import type { ImageEntry, ImageList, SetName } from "./Source.ts"
import { readText, type SourceFiles } from "./sourceFiles.ts"
import { SourceInvalid, SourceNotFound, type SourceProblem } from "./SourceInvalid.ts"

type Manifest = typeof ManifestDataset.Type

/** A row by column; `at`: its line. `unusable`: what JSON has instead of a text, by column. */
interface Row {
  readonly at: number
  readonly values: Readonly<Record<string, string>>
  readonly unusable?: Readonly<Record<string, string>>
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Thrown because the reader takes the last column of equal names and says nothing. */
class ColumnTwice extends Error {}

const uniqueColumns = (names: Array<string>) => {
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new ColumnTwice(`the column ${JSON.stringify(twice)} twice`)
  return names
}

const parseCsv = (text: string, path: string) =>
  Result.try({
    try: () =>
      parse(text, {
        bom: true,
        columns: uniqueColumns,
        info: true,
        skip_empty_lines: true,
        trim: true,
      }) as unknown as ReadonlyArray<{
        readonly record: Readonly<Record<string, string>>
        readonly info: { readonly lines: number }
      }>,
    catch: (error) =>
      new SourceInvalid({
        path,
        found: messageOf(error),
        ...(error instanceof ColumnTwice
          ? { expected: "a header that names each column once", advice: "rename or remove one of them" }
          : {
              expected: "CSV with a header and as many columns in every row",
              advice: "correct the row, or quote values that have a comma",
            }),
      }),
  }).pipe(Result.map((rows) => rows.map(({ info, record }): Row => ({ at: info.lines, values: record }))))

/** Texts, numbers and true or false are as they are written; others have no text. Larger numbers are not what is written. */
const textOf = (value: unknown): string => {
  if (typeof value === "string") return value
  const isExact = typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER
  return isExact || typeof value === "boolean" ? String(value) : ""
}

const parseJsonLines = (text: string, path: string): Result.Result<ReadonlyArray<Row>, SourceInvalid> => {
  const rows: Array<Row> = []
  for (const [index, line] of text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === "") continue
    const invalid = (found: string) =>
      Result.fail(
        new SourceInvalid({
          path: `${path}:${index + 1}`,
          found,
          expected: "one JSON object a line",
          advice: "correct the line",
        }),
      )
    try {
      const value: unknown = JSON.parse(line)
      if (typeof value !== "object" || value === null || Array.isArray(value)) return invalid("another value")
      const fields: ReadonlyArray<readonly [string, unknown]> = Object.entries(value)
      const others = fields.filter(([, field]) => textOf(field) === "" && field !== "" && field !== null)
      rows.push({
        at: index + 1,
        values: Object.fromEntries(fields.map(([key, field]) => [key, textOf(field)])),
        unusable: Object.fromEntries(others.map(([key, field]) => [key, JSON.stringify(field)])),
      })
    } catch (error) {
      return invalid(messageOf(error))
    }
  }
  return Result.succeed(rows)
}

const testNames = new Set(["test", "testing"])
const trainNames = new Set(["train", "training"])

const readManifest = Effect.fnUntraced(function* (
  files: SourceFiles,
  manifest: Manifest,
  field: "train" | "test",
  file: string,
) {
  const paths = yield* Path.Path
  const { columns, suffix } = manifest
  const folder = manifest.folder ?? paths.dirname(file)
  const text = yield* readText(files, file, longestTextBytes).pipe(
    Effect.catchIf(
      (error) => error._tag === "StorageFailed" && error.code === "ENOENT",
      () =>
        Effect.fail(
          new SourceNotFound({
            dataset: manifest.name,
            field,
            path: file,
            expected: "a CSV or JSON Lines file",
            start: files.start,
          }),
        ),
    ),
  )
  const rows = yield* Effect.fromResult(
    /\.(jsonl|ndjson)$/i.test(file) ? parseJsonLines(text, file) : parseCsv(text, file),
  )
  const known = Object.keys(rows[0]?.values ?? {})
  for (const column of [columns.path, columns.label]) {
    if (known.includes(column)) continue
    return yield* new SourceInvalid({
      path: file,
      found: rows.length === 0 ? "no rows" : `the columns ${known.slice(0, 20).join(", ")}`,
      expected: `a column ${column}`,
      advice: "name the columns with dataset.columns",
    })
  }
  const entries: Record<SetName, Array<ImageEntry>> = { train: [], test: [] }
  const problems: Array<SourceProblem> = []
  for (const { at, unusable = {}, values } of rows) {
    const problem = (reason: string, kind = reason) => problems.push({ path: `${file}:${at}`, reason, kind })
    const noText = (column: string) =>
      unusable[column] === undefined
        ? problem(`found no ${column}`)
        : problem(
            `found the ${column} ${shortened(unusable[column], 100)}, expected a text, a number or true or false`,
            `${column} of another type`,
          )
    const unusableColumn = [columns.split, columns.group].find((column) => unusable[column] !== undefined)
    if (unusableColumn !== undefined) {
      // Read as no group, a patient would be in two splits.
      noText(unusableColumn)
      continue
    }
    const split = (values[columns.split] ?? "").toLowerCase()
    const set = testNames.has(split) ? "test" : split === "" || trainNames.has(split) ? field : undefined
    if (set === undefined) {
      problem(
        `found ${columns.split} ${JSON.stringify(split)}, expected train or test`,
        `another ${columns.split}`,
      )
    } else if (!values[columns.path]) noText(columns.path)
    else if (!values[columns.label]) noText(columns.label)
    else {
      const name = `${values[columns.path]}${suffix}`
      const group = values[columns.group]
      entries[set].push({
        file: paths.isAbsolute(name) ? name : paths.join(folder, name),
        name,
        label: values[columns.label],
        ...(group ? { group } : {}),
      })
    }
  }
  return { entries, problems, digest: yield* digestOf("sha256", new TextEncoder().encode(text)) }
})

/** `digest`: of the tables. The images that they name have digests of their own. */
export const listManifest = Effect.fn("listManifest")(function* (files: SourceFiles, manifest: Manifest) {
  const train = yield* readManifest(files, manifest, "train", manifest.train)
  const test =
    manifest.test === undefined ? undefined : yield* readManifest(files, manifest, "test", manifest.test)
  const list: ImageList = {
    files,
    train: train.entries.train,
    test: [...train.entries.test, ...(test?.entries.train ?? []), ...(test?.entries.test ?? [])],
    classes: [],
    problems: [...train.problems, ...(test?.problems ?? [])],
    skipped: 0,
  }
  return { list, digest: [train.digest, test?.digest ?? ""].join() }
})
