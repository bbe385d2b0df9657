/**
 * A run that was interrupted or killed ends with the same bytes as one that was not: real processes, real signals, real
 * MNIST. What is neither killed nor signalled runs in this process. continuedRuns.test.ts has what else happens to runs.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun, resultOf, untilReached } from "../fixtures/runFiles.ts"
import { runsIn } from "./runsIn.ts"

const project = fileURLToPath(new URL("../..", import.meta.url))
// A path with spaces and Unicode characters, such as users have.
const scratch = mkdtempSync(join(tmpdir(), "tidemark běhy 走 "))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const { folder, killAt, resume, run, startResume, startRun } = runsIn(scratch, "test/fixtures/tiny.ts")

describe("a run of 200 iterations", () => {
  let whole: ReturnType<typeof resultOf>
  beforeAll(async () => {
    const ended = await run("whole")
    assert.strictEqual(ended.code, 0, ended.stderr)
    whole = resultOf(onlyRun(folder("whole")))
  })

  it("records every tenth iteration and evaluates every fortieth, once each and in order", () => {
    const rows = whole.metrics
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    const at = (split: string) => rows.filter((row) => row.split === split).map((row) => row.iteration)
    assert.deepStrictEqual(
      at("train"),
      Array.from({ length: 20 }, (_, i) => 10 * (i + 1)),
    )
    assert.deepStrictEqual(at("validation"), [40, 80, 120, 160, 200])
  })

  it("learns: the validation accuracy rises above 80 %", () => {
    assert.isAbove(whole.report.validation.at(-1).accuracy, 0.8)
    assert.isAbove(whole.report.test.accuracy.value, 0.8)
  })

  it("stopped by Ctrl-C exits with 130, prints how to resume, and ends with the same bytes when resumed", async () => {
    const { child, ended } = startRun("ctrl-c")
    await untilReached(folder("ctrl-c"), 25, ended)
    child.kill("SIGINT")
    const stopped = await ended
    assert.strictEqual(stopped.code, 130, stopped.stderr)
    assert.match(stopped.stderr, /interrupted by SIGINT during train at iteration \d+ of 200/)
    // The run is not in the default folder, so the hint has its path, quoted because of the spaces.
    const path = /resume with: pnpm pipeline resume '(.+)'$/m.exec(stopped.stderr)?.[1] ?? "nothing"
    assert.strictEqual(resolve(project, path), onlyRun(folder("ctrl-c")))
    const resumed = await runCommand("resume", path)
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRun(folder("ctrl-c"))), whole)
  })

  it("killed twice with SIGKILL and resumed with another number of threads ends with the same bytes", async () => {
    await killAt("killed", 50, startRun("killed", "--threads", "2"))
    assert.include((await runCommand("list", "--runs-dir", folder("killed"))).stdout, "interrupted")
    await killAt("killed", 125, startResume("killed", "--threads", "1"))
    const resumed = await resume("killed")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRun(folder("killed"))), whole)
  })
})
