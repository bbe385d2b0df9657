/** `pipeline rm RUN…`: removes runs; without --yes it only says which, and how much that frees. */
import { Console, Effect, Path } from "effect"
import { Argument, Command } from "effect/cli"
import { treeSizeBytes } from "../../storage/files.ts"
import { neededRuns, checkIsRun, protection, removeRun, RunProtected } from "../../storage/removal.ts"
import { locateRuns } from "../../storage/runDirectory.ts"
import { size } from "../words/size.ts"
import { table } from "../terminal/table.ts"
import { json, runsDir, yes } from "./flags.ts"

const runs = Argument.String("run").pipe(
  Argument.withDescription("The runs: ids, the beginning of them, globs, paths or `latest`"),
  Argument.variadic({ min: 1 }),
)

export const rm = Command.make(
  "rm",
  { runs, yes, runsDir, json },
  Effect.fn("rm")(function* (options) {
    const paths = yield* Path.Path
    const found = yield* locateRuns(options.runsDir, options.runs)
    const kept: Array<{ readonly run: string; readonly reason: string }> = []
    for (const path of found) {
      yield* checkIsRun(path)
      const reason = yield* protection(path, yield* neededRuns(paths.dirname(path)))
      if (reason !== undefined) kept.push({ run: paths.basename(path), reason })
    }
    // All or nothing: a glob that catches a champion was not meant so.
    if (kept.length > 0) return yield* new RunProtected({ runs: kept })
    const sized = yield* Effect.forEach(found, (path) =>
      Effect.map(treeSizeBytes(path), (sizeBytes) => ({ run: paths.basename(path), path, sizeBytes })),
    )
    if (options.yes) yield* Effect.forEach(found, removeRun)
    const sizeBytes = sized.reduce((sum, one) => sum + one.sizeBytes, 0)
    if (options.json) {
      return yield* Console.log(JSON.stringify({ removed: options.yes, runs: sized, sizeBytes }, null, 2))
    }
    yield* Console.log(
      table(
        ["run", "size"],
        sized.map(({ run, sizeBytes }) => [run, size(sizeBytes)]),
      ),
    )
    const what = `${found.length === 1 ? "1 run" : `${found.length} runs`}, ${size(sizeBytes)}`
    yield* Console.log(options.yes ? `removed ${what}` : `would remove ${what}; do it with --yes`)
  }),
).pipe(
  Command.withDescription(
    "Remove runs: a dry run unless --yes is given; never a live run, a champion or the one before it",
  ),
  Command.withExamples([
    { command: "pipeline rm 20261122T02", description: "What would be removed" },
    { command: "pipeline rm '*-tiny-*' --yes", description: "Remove every run of an experiment" },
  ]),
)
