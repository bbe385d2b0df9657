/** `pipeline list`: the runs of a folder, newest first. */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { listRuns } from "../../storage/runDirectory.ts"
import { table } from "../table.ts"
import { describeRun } from "../runSummary.ts"
import { json, runsDir } from "./flags.ts"

export const list = Command.make(
  "list",
  { runsDir, json },
  Effect.fn("list")(function* ({ json, runsDir }) {
    const { damaged, runs } = yield* listRuns(runsDir)
    const rows = yield* Effect.forEach(runs.toReversed(), describeRun)
    if (json) return yield* Console.log(JSON.stringify(rows, null, 2))
    if (rows.length === 0) yield* Console.log(`no runs in ${runsDir}; start one with \`pipeline run FILE\``)
    else {
      const cells = rows.map((row) => [
        row.id,
        row.status,
        `${row.iteration}/${row.iterations ?? "?"}`,
        row.testError === null ? "" : `${(100 * row.testError).toFixed(2)} %`,
        row.engine,
      ])
      yield* Console.log(table(["run", "status", "iterations", "test error", "engine"], cells, 2))
    }
    for (const problem of damaged) yield* Effect.logWarning(problem.message)
  }),
).pipe(
  Command.withDescription("List the runs, newest first"),
  Command.withExamples([
    { command: "pipeline list", description: "As a table" },
    { command: "pipeline list --json", description: "For a script" },
  ]),
)
