/** Reads report.json: (run directory) -> Report, undefined if it is missing or damaged. */
import { Effect, Path, Schema } from "effect"
import { Report } from "../schemas/Report.ts"
import * as files from "./files.ts"
import { layout } from "./runDirectory.ts"

const decodeReport = Schema.decodeUnknownEffect(Schema.fromJsonString(Report))

export const warnUnreadable = (runPath: string) =>
  Effect.as(Effect.logWarning(`cannot read ${layout.report} of ${runPath}; it is skipped`), undefined)

export const readReport = Effect.fn("readReport")(function* (runPath: string) {
  const paths = yield* Path.Path
  const text = yield* files.readStringIfExists(paths.join(runPath, layout.report))
  if (text === undefined) return undefined
  return yield* decodeReport(text).pipe(Effect.catch(() => warnUnreadable(runPath)))
})
