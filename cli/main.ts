#!/usr/bin/env node
/**
 * `pnpm pipeline …`: the entry point. Node.js keeps compiled modules in its compile cache, which halves the start-up time; so
 * this file turns the cache on before it imports anything else.
 */
import { enableCompileCache } from "node:module"

enableCompileCache()
const [{ Effect }, { runCommandLine }, { guardStandardOutput }, { outputExitCode }] = await Promise.all([
  import("effect"),
  import("./command.ts"),
  import("./standardOutput.ts"),
  import("./failure.ts"),
])
const outputFailure = guardStandardOutput()
void Effect.runPromise(runCommandLine(process.argv.slice(2))).then((code) => {
  process.exitCode = outputExitCode(code, outputFailure())
})
