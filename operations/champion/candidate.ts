/**
 * Whether a run may become the champion: (runs folder, run) -> its report, or the error.
 *
 * A champion is stored as its id alone, so its directory must be in the runs folder and have that name.
 */
import { Effect, Path, Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import * as files from "../../storage/files.ts"
import type { Run } from "../../storage/runDirectory.ts"
import { runArgument } from "../../format/runArgument.ts"
import { readReport } from "../../storage/report.ts"
import { quoted } from "../../format/quoted.ts"
import { program } from "../../format/program.ts"

/** Only a tested run can be judged or promoted. */
export class CandidateNotFinished extends Failure<CandidateNotFinished>()("CandidateNotFinished", {
  exitCode: "dataError",
  fields: { run: Schema.String, path: Schema.String, status: Schema.String },
  message: ({ path, run, status }) => {
    const found = status === "finished" ? "its report cannot be read" : `it is ${status}`
    return `cannot promote ${run}: ${found}, expected a finished run with its report; resume it with \`${program} resume ${quoted(runArgument(path))}\``
  },
}) {}

/** The id would not lead to this run: it is in another folder, or has another name there. */
export class RunElsewhere extends Failure<RunElsewhere>()("RunElsewhere", {
  exitCode: "dataError",
  fields: {
    run: Schema.String,
    /** The folder that contains it, and its name there. */
    folder: Schema.String,
    name: Schema.String,
    runsDir: Schema.String,
  },
  message: ({ folder, name, run, runsDir }) => {
    const advice =
      name === run
        ? `promote it there with --runs-dir ${folder}, or copy it into ${runsDir} first`
        : `rename it to ${run}`
    return `cannot promote ${run} in ${runsDir}: found it as ${name} in ${folder}, expected ${run} in ${runsDir}; ${advice}`
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
