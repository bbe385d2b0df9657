#!/usr/bin/env node
/**
 * `pnpm pipeline …`: the program. Its modules are compiled once and kept in Node.js's compile cache, which halves the
 * start; so this file imports nothing before the cache is on.
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
