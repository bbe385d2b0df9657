import { Effect } from "effect"
import { quoted } from "../../format/quoted.ts"
import { runArgument } from "../../format/runArgument.ts"
import { program } from "../../format/program.ts"

/** Writes the report page of a run that has just finished. The page is not part of the result, so a failure is a warning. */
export const tryWriteReportPage = (runPath: string) =>
  Effect.promise(() => import("./writeReportPage.ts")).pipe(
    Effect.flatMap(({ writeReportPage }) => writeReportPage(runPath, undefined)),
    Effect.asVoid,
    Effect.catchCause((cause) =>
      Effect.logWarning(
        `cannot write the report page; try again with \`${program} show ${quoted(runArgument(runPath))} --open\``,
        cause,
      ),
    ),
  )
