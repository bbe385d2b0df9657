/**
 * What may become a champion: (runs folder, run) -> its report, or why it cannot be one.
 *
 * A champion is known by its id alone, so it has to lie in the folder that names it, under that id.
 */
import { Effect, Path, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import * as files from "../../storage/files.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { runArgument } from "../../format/runArgument.ts"
import { readReport } from "../../storage/report.ts"
import { quoted } from "../../format/quoted.ts"

/** Only a run that has been tested can be judged or be a champion. */
export class CandidateNotFinished extends Failure<CandidateNotFinished>()("CandidateNotFinished", {
  exitCode: "dataError",
  fields: { run: Schema.String, path: Schema.String, status: Schema.String },
  message: ({ path, run, status }) => {
    const found = status === "finished" ? "its report cannot be read" : `it is ${status}`
    return `${run} cannot be a champion: ${found}, expected a finished run with its report; go on with \`pnpm pipeline resume ${quoted(runArgument(path))}\``
  },
}) {}

/** Nothing would find it: the runs folder has no run of that id, or another one. */
export class RunElsewhere extends Failure<RunElsewhere>()("RunElsewhere", {
  exitCode: "dataError",
  fields: {
    run: Schema.String,
    /** The folder it lies in, and its name there. */
    folder: Schema.String,
    name: Schema.String,
    runsDir: Schema.String,
  },
  message: ({ folder, name, run, runsDir }) => {
    const advice =
      name === run
        ? `promote it there with --runs-dir ${folder}, or copy it into ${runsDir} first`
        : `give it its name ${run} back`
    return `${run} cannot be a champion of ${runsDir}: found it as ${name} in ${folder}, expected it as ${run} in ${runsDir}; ${advice}`
  },
}) {}

export const candidateReport = Effect.fnUntraced(function* (runsDir: string, run: Run) {
  const paths = yield* Path.Path
  const { id } = run.identity
  const path = paths.resolve(run.path)
  if ((yield* files.realPath(paths.join(runsDir, id))) !== (yield* files.realPath(path))) {
    return yield* new RunElsewhere({
      run: id,
      folder: paths.dirname(path),
      name: paths.basename(path),
      runsDir,
    })
  }
  const report = run.status === "finished" ? yield* readReport(run.path) : undefined
  if (report !== undefined) return report
  return yield* new CandidateNotFinished({ run: id, path: run.path, status: run.status })
})
