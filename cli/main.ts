#!/usr/bin/env node
/**
 * `pnpm pipeline …`: the entry point. Node.js keeps compiled modules in its compile cache, which halves the start-up time; so
 * this file turns the cache on before it imports anything else.
 */
import { enableCompileCache } from "node:module"

enableCompileCache()
const [{ Effect }, { runCommandLine }, { openEvents }, { guardStandardOutput }, { outputExitCode }] =
  await Promise.all([
    import("effect"),
    import("./command.ts"),
    import("./events.ts"),
    import("./standardOutput.ts"),
    import("./failure.ts"),
  ])
const outputFailure = guardStandardOutput()
const main = runCommandLine(process.argv.slice(2), openEvents(process.env))
void Effect.runPromise(main).then((code) => {
  process.exitCode = outputExitCode(code, outputFailure())
})
