/**
 * How long a user waits for training: (arguments of the command line, runs folder, iteration) -> milliseconds from the start of
 * the process to the first metric row after that iteration. The process is then killed.
 */
import { spawn } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { readMetrics } from "../storage/metricsLog.ts"

export const cli = fileURLToPath(new URL("../cli/start.mjs", import.meta.url))

/** The last iteration of the metric rows of the only run in the folder. */
const lastIteration = async (runsDir: string): Promise<number> => {
  const [run] = existsSync(runsDir) ? readdirSync(runsDir).filter((name) => !name.startsWith(".")) : []
  if (run === undefined) return 0
  const metrics = readMetrics(join(runsDir, run)).pipe(
    Effect.orElseSucceed(() => []),
    Effect.provide(NodeServices.layer),
  )
  return (await Effect.runPromise(metrics)).at(-1)?.iteration ?? 0
}

export const untilIteration = async (
  args: ReadonlyArray<string>,
  runsDir: string,
  after: number,
): Promise<number> => {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [cli, ...args, "--runs-dir", runsDir], {
    stdio: ["ignore", "ignore", "pipe"],
  })
  const stderr: Array<string> = []
  child.stderr.on("data", (data) => stderr.push(String(data)))
  const ended = new Promise((resolve) => child.on("exit", resolve))
  while ((await lastIteration(runsDir)) <= after) {
    if (child.exitCode !== null) {
      throw new Error(`${args[0]} failed: exit code ${child.exitCode}, expected training; ${stderr.join("")}`)
    }
    await setTimeout(10)
  }
  const milliseconds = performance.now() - startedAt
  child.kill("SIGKILL")
  await ended
  return milliseconds
}
