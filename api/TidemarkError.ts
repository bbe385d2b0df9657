/** The error of the API: every expected failure of a run, a reading or a prediction. Bugs of tidemark are defects. */
import { Data, Runtime } from "effect"
import { type ExitCodeName, exitCodes } from "../schemas/exitCodes.ts"

/** The exit code that the command line would end with, by name (`schemas/exitCodes.ts`). */
export type ErrorKind = Exclude<ExitCodeName, "unrecorded">

export class TidemarkError extends Data.TaggedError("TidemarkError")<{
  readonly kind: ErrorKind
  /** Which error it is, such as `ExperimentInvalid` or `RunNotFound`. */
  readonly reason: string
  /** What was found, what was expected and what to do. */
  readonly message: string
  /** What the message tells, for programs: the fields depend on `reason`. */
  readonly details: { readonly [field: string]: unknown }
}> {}

const kinds = new Map<number, ExitCodeName>(
  Object.entries(exitCodes).map(([name, code]) => [code, name as ExitCodeName]),
)

/** (an error with a tag and an exit code) -> the same for users of the API. */
export const toTidemarkError = (
  error: Error & { readonly _tag: string; readonly [Runtime.errorExitCode]?: number },
): TidemarkError => {
  const kind = kinds.get(error[Runtime.errorExitCode] ?? exitCodes.software) ?? "software"
  const details: Record<string, unknown> = { ...error }
  delete details._tag
  return new TidemarkError({
    // Only attempts of older versions have no exit code.
    kind: kind === "unrecorded" ? "software" : kind,
    reason: error._tag,
    message: error.message,
    details,
  })
}
