/**
 * The id of a run before the run is created: (runs folder, experiment, fingerprint) -> its id, which no other run gets.
 *
 * The reservation is a file. `createRun` removes it; one whose run was never created is removed after an hour, as any temporary
 * file: no other run can get the second that is in its id by then.
 */
import { DateTime, Effect, Path } from "effect"
import { createExclusive } from "./createExclusive.ts"
import * as files from "./files.ts"
import { reservationOf, runName } from "./runNames.ts"
import { removeAbandoned } from "./temporaries.ts"

export const reserveRunId = Effect.fn("reserveRunId")(function* (
  runsDir: string,
  experiment: string,
  fingerprint: string,
) {
  const paths = yield* Path.Path
  yield* files.makeFolder(runsDir)
  yield* removeAbandoned(runsDir)
  const now = DateTime.formatIso(yield* DateTime.now)
  for (let number = 1; ; number++) {
    const id = runName(now, experiment, fingerprint, number)
    if (yield* files.exists(paths.join(runsDir, id))) continue
    if (yield* createExclusive(paths.join(runsDir, reservationOf(id)), "")) return id
  }
})
