import { Effect } from "effect"

/** Makes the page of a run that has just finished. The run is whole without it: what goes wrong is a warning. */
export const tryWriteReportPage = (runPath: string) =>
  Effect.promise(() => import("./writeReportPage.ts")).pipe(
    Effect.flatMap(({ writeReportPage }) => writeReportPage(runPath, undefined)),
    Effect.asVoid,
    Effect.catchCause((cause) =>
      Effect.logWarning(
        "the report's page could not be made; `pnpm pipeline show --open` tries again",
        cause,
      ),
    ),
  )
