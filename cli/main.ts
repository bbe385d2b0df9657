/** Runs the command line of this process to its end, and sets its exit code. Imported by `start.mjs`. */
import { Effect } from "effect"
import { runCommandLine } from "./command.ts"
import { openEvents } from "./events.ts"
import { outputExitCode } from "./failure.ts"
import { guardStandardOutput } from "./standardOutput.ts"

const outputFailure = guardStandardOutput()
const main = runCommandLine(process.argv.slice(2), openEvents(process.env))
void Effect.runPromise(main).then((code) => {
  process.exitCode = outputExitCode(code, outputFailure())
})
