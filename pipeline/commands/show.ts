/** `pipeline show RUN`: the report of a run, or how far it is. */
import { Console, Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { findRun } from "../../storage/runDirectory.ts"
import { renderReport } from "../renderReport.ts"
import { describeRun, readReport } from "../runSummary.ts"
import { json, runsDir } from "./flags.ts"

const run = Argument.String("run").pipe(
  Argument.withDescription("The run: its id, the beginning of it, a path, or `latest`"),
)

export const show = Command.make(
  "show",
  { run, runsDir, json },
  Effect.fn("show")(function* ({ json, run, runsDir }) {
    const found = yield* findRun(runsDir, run)
    const summary = yield* describeRun(found)
    const report = yield* readReport(found.path)
    if (json) return yield* Console.log(JSON.stringify({ ...summary, report: report ?? null }, null, 2))
    const reached = `iteration ${summary.iteration}${summary.iterations === null ? "" : ` of ${summary.iterations}`}`
    yield* Console.log(`${summary.id}: ${summary.status}, ${reached}, engine ${summary.engine}`)
    if (summary.reason !== null) yield* Console.log(summary.reason)
    if (report !== undefined) yield* Console.log(`\n${renderReport(report)}`)
    else if (summary.status !== "running")
      yield* Console.log(`go on with: pnpm pipeline resume ${summary.id}`)
  }),
).pipe(
  Command.withDescription("Show the report of a run, or how far it is"),
  Command.withExamples([
    { command: "pipeline show latest", description: "The newest run" },
    { command: "pipeline show latest --json", description: "Everything, for a script" },
  ]),
)
