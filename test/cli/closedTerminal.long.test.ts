/** A terminal that is closed while a run trains in it: real terminals, made by util-linux's `script`. */
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cli } from "../fixtures/cli.ts"
import { onlyRun, reached, untilReached } from "../fixtures/runFiles.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-terminal-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const missing = spawnSync("script", ["--version"]).status !== 0

/** Runs a shell line in a terminal of its own, which closes when the run has a checkpoint. */
const closeWhileTraining = async (name: string, iterations: number, line: (run: string) => string) => {
  const runs = join(scratch, name)
  const run = `${process.execPath} ${cli} run test/fixtures/tiny.ts --iterations ${iterations} --runs-dir ${runs} --data-dir ${join(scratch, "data")}`
  const terminal = spawn("script", ["-qfc", line(run), "/dev/null"], { stdio: ["pipe", "ignore", "ignore"] })
  const ended = new Promise((resolve) => terminal.on("exit", resolve))
  await untilReached(runs, 25, ended)
  terminal.kill("SIGKILL")
  await ended
  return onlyRun(runs)
}

const outcomeOf = async (run: string): Promise<string> => {
  for (let waited = 0; waited < 60_000; waited += 50) {
    const [attempt] = readdirSync(join(run, "attempts"))
    const { outcome } = JSON.parse(readFileSync(join(run, "attempts", attempt), "utf8"))
    if (outcome !== undefined && outcome !== null) return outcome.status
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`${run} did not end`)
}

describe.skipIf(missing)(
  `a run in a terminal that is closed${missing ? " (skipped: `script` is missing)" : ""}`,
  () => {
    it("saves a checkpoint and ends", async () => {
      const run = await closeWhileTraining("foreground", 100_000, (run) => `exec ${run}`)
      assert.strictEqual(await outcomeOf(run), "interrupted")
      assert.isAtLeast(reached(run), 25)
    }, 90_000)

    it("goes on to its end if it was started with nohup", async () => {
      const output = join(scratch, "nohup.out")
      const run = await closeWhileTraining("nohup", 600, (run) => `nohup ${run} > ${output} 2>&1 & wait`)
      assert.strictEqual(await outcomeOf(run), "finished")
      assert.include(readFileSync(output, "utf8"), "train     iteration")
    }, 90_000)
  },
)
