/**
 * Fetches one file from the first source that has it: (sources in order) -> its content, or the failure of every source.
 */
import { Effect, Result, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"

const failure = {
  source: Schema.String,
  found: Schema.String,
  expected: Schema.String,
  /** What is wrong with a file of this machine. Absent from a download: another time it may succeed. */
  local: Schema.optionalKey(Schema.Literals(["missing", "damaged"])),
}
type LocalFault = "missing" | "damaged"

/** One source does not have the file. The next one is tried. */
export class SourceFailed extends Failure<SourceFailed>()("SourceFailed", {
  exitCode: "unavailable",
  fields: failure,
  message: ({ expected, found, source }) => `${source}: found ${found}, expected ${expected}`,
}) {}

/** No source has a file of a dataset. If none of them is downloaded, trying again would not help. */
export class DataNotAvailable extends Failure<DataNotAvailable>()("DataNotAvailable", {
  exitCode: ({ sources }) =>
    sources.some(({ local }) => local === undefined)
      ? "unavailable"
      : sources.some(({ local }) => local === "damaged")
        ? "dataError"
        : "noInput",
  fields: {
    dataset: Schema.String,
    file: Schema.String,
    sources: Schema.Array(Schema.Struct(failure)),
    advice: Schema.String,
  },
  message: ({ advice, dataset, file, sources }) => {
    // That the cache is empty is no news if other places were tried.
    const telling = sources.filter(({ local }) => local !== "missing")
    const tried = (telling.length > 0 ? telling : sources).map(
      ({ expected, found, source }) => `${source}: found ${found}, expected ${expected}`,
    )
    const what = `cannot get ${file} of ${dataset}:`
    return tried.length === 1
      ? `${what} ${tried[0]}; ${advice}`
      : `${what}\n${tried.map((line) => `  ${line}\n`).join("")}${advice}`
  },
}) {}

/** A whole, verified file. */
export interface Content {
  readonly bytes: Uint8Array
  readonly sha256: string
  /** Where it came from, for people. */
  readonly source: string
}

/** Marks the failure of a source as that of a file of this machine. */
export const ofLocalFile =
  (local: LocalFault) =>
  <A, E, R>(reading: Effect.Effect<A, SourceFailed | E, R>): Effect.Effect<A, SourceFailed | E, R> =>
    Effect.mapError(reading, (error) =>
      error instanceof SourceFailed ? new SourceFailed({ ...error, local }) : error,
    )

/**
 * Tries the sources one after another. The failures are warnings if a later source has the content, else they are in the
 * error. `earlier`: failures of sources that were tried before.
 */
export const firstOf = Effect.fnUntraced(function* <A, E, R>(
  sources: Iterable<Effect.Effect<A, SourceFailed | E, R>>,
  earlier: ReadonlyArray<SourceFailed>,
  options: { readonly dataset: string; readonly file: string; readonly advice: string },
) {
  const failed = [...earlier]
  for (const source of sources) {
    const outcome = yield* Effect.result(source)
    if (Result.isSuccess(outcome)) {
      for (const { message } of failed.slice(earlier.length)) yield* Effect.logWarning(message)
      return outcome.success
    }
    const { failure } = outcome
    // E may be inferred with SourceFailed in it; here it is excluded.
    if (!(failure instanceof SourceFailed)) return yield* Effect.fail(failure as Exclude<E, SourceFailed>)
    failed.push(failure)
  }
  return yield* new DataNotAvailable({
    ...options,
    sources: failed.map(({ expected, found, local, source }) => ({
      source,
      found,
      expected,
      ...(local === undefined ? {} : { local }),
    })),
  })
})
