/**
 * Fetches one file from the first source that has it: (sources in order) -> its content, or the failure of every source.
 */
import { Effect, Result, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"

const failure = { source: Schema.String, found: Schema.String, expected: Schema.String }

/** One source does not have the file. The next one is tried. */
export class SourceFailed extends Failure<SourceFailed>()("SourceFailed", {
  exitCode: "unavailable",
  fields: failure,
  message: ({ expected, found, source }) => `${source}: found ${found}, expected ${expected}`,
}) {}

/** No source has a file of a dataset. */
export class DataNotAvailable extends Failure<DataNotAvailable>()("DataNotAvailable", {
  exitCode: "unavailable",
  fields: {
    dataset: Schema.String,
    file: Schema.String,
    sources: Schema.Array(Schema.Struct(failure)),
    advice: Schema.String,
  },
  message: ({ advice, dataset, file, sources }) => {
    const tried = sources.map(
      ({ expected, found, source }) => `${source}: found ${found}, expected ${expected}`,
    )
    return `cannot get ${file} of ${dataset}: ${tried.join("; ")}; ${advice}`
  },
}) {}

/** A whole, verified file. */
export interface Content {
  readonly bytes: Uint8Array
  readonly sha256: string
  /** Where it came from, for people. */
  readonly source: string
}

/** Tries the sources one after another. `earlier`: failures of sources that were tried before. */
export const firstOf = Effect.fnUntraced(function* <A, E, R>(
  sources: Iterable<Effect.Effect<A, SourceFailed | E, R>>,
  earlier: ReadonlyArray<SourceFailed>,
  options: { readonly dataset: string; readonly file: string; readonly advice: string },
) {
  const failed = [...earlier]
  for (const source of sources) {
    const outcome = yield* Effect.result(source)
    if (Result.isSuccess(outcome)) return outcome.success
    const { failure } = outcome
    // E may be inferred with SourceFailed in it; here it is excluded.
    if (!(failure instanceof SourceFailed)) return yield* Effect.fail(failure as Exclude<E, SourceFailed>)
    failed.push(failure)
    yield* Effect.logWarning(failure.message)
  }
  return yield* new DataNotAvailable({
    ...options,
    sources: failed.map(({ expected, found, source }) => ({ source, found, expected })),
  })
})
