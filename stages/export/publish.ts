/**
 * Writes the folder of an export: (path, files) -> true, or false if it already exists with the same bytes.
 *
 * The folder appears complete or not at all. Existing files are never replaced.
 */
import { Effect, Path, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import * as files from "../../storage/files.ts"

export class ExportOccupied extends Failure<ExportOccupied>()("ExportOccupied", {
  exitCode: "cannotCreate",
  fields: { path: Schema.String, found: Schema.String },
  message: ({ found, path }) =>
    `cannot export to ${path}: found ${found}, expected nothing or the same export; choose another folder with --out, or remove it`,
}) {}

export interface ExportedFile {
  readonly name: string
  readonly bytes: Uint8Array
}

/** What exists at `path`: nothing, the same files, or something else, described in words. */
const findAt = Effect.fnUntraced(function* (path: string, wanted: ReadonlyArray<ExportedFile>) {
  const paths = yield* Path.Path
  if (!(yield* files.exists(path))) return "nothing" as const
  const names = yield* files.list(path).pipe(Effect.option)
  if (names._tag === "None") return { found: "a file" }
  if (names.value.length === 0) return "nothing" as const
  const expected = wanted.map(({ name }) => name).sort()
  if (names.value.join("\n") !== expected.join("\n")) {
    return {
      found: `a folder with ${names.value.slice(0, 3).join(", ")}${names.value.length > 3 ? ", …" : ""}`,
    }
  }
  for (const { bytes, name } of wanted) {
    const there = yield* files.read(paths.join(path, name)).pipe(Effect.option)
    if (there._tag === "None" || Buffer.compare(there.value, bytes) !== 0) {
      return { found: `another ${name}` }
    }
  }
  return "the same" as const
})

export const publishExport = Effect.fn("publishExport")(function* (
  path: string,
  wanted: ReadonlyArray<ExportedFile>,
) {
  const paths = yield* Path.Path
  const there = yield* findAt(path, wanted)
  if (there === "the same") return false
  if (there !== "nothing") return yield* new ExportOccupied({ path, found: there.found })
  const temporary = paths.join(
    paths.dirname(path),
    `.${paths.basename(path)}.${process.pid}${files.temporarySuffix}`,
  )
  const published = yield* Effect.gen(function* () {
    yield* files.makeFolder(temporary)
    for (const { bytes, name } of wanted) yield* files.writeAtomic(paths.join(temporary, name), bytes)
    return yield* files.publishFolder(temporary, path)
  }).pipe(Effect.onError(() => Effect.ignore(files.remove(temporary))))
  if (published) return true
  yield* files.remove(temporary)
  return yield* new ExportOccupied({ path, found: "a folder that another process made meanwhile" })
})
