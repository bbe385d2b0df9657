/**
 * A run that was interrupted or killed ends with the same bytes as one that was not: real processes, real signals, real
 * MNIST. What is neither killed nor signalled runs in this process. continuedRuns.test.ts has what else happens to runs.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Running, start } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun, resultOf, untilReached } from "../fixtures/runFiles.ts"

const project = fileURLToPath(new URL("../..", import.meta.url))
const tiny = "test/fixtures/tiny.ts"
/** The number of threads does not change the bits of this engine. */
const engine = ["--engine", "onnx"]

describe("a run of 200 iterations", () => {
  let scratch: string
  let data: string
  let whole: ReturnType<typeof resultOf>
  const folder = (name: string) => join(scratch, name)
  const flags = (name: string) => [...engine, "--runs-dir", folder(name), "--data-dir", data]
  const run = (name: string, ...more: ReadonlyArray<string>) =>
    runCommand("run", tiny, ...flags(name), ...more)
  const startRun = (name: string, ...more: ReadonlyArray<string>) =>
    start("run", tiny, ...flags(name), ...more)
  const resume = (name: string, ...more: ReadonlyArray<string>) =>
    runCommand("resume", "latest", "--runs-dir", folder(name), ...more)
  const startResume = (name: string, ...more: ReadonlyArray<string>) =>
    start("resume", "latest", "--runs-dir", folder(name), ...more)
  /** Kills it with SIGKILL once it has a checkpoint of at least `iteration`. */
  const killAt = async (name: string, iteration: number, { child, ended }: Running) => {
    await untilReached(folder(name), iteration, ended)
    child.kill("SIGKILL")
    assert.strictEqual((await ended).signal, "SIGKILL")
  }

  beforeAll(async () => {
    // A path with spaces and Unicode characters, such as users have.
    scratch = mkdtempSync(join(tmpdir(), "tidemark běhy 走 "))
    data = join(scratch, "data")
    const ended = await run("whole")
    assert.strictEqual(ended.code, 0, ended.stderr)
    whole = resultOf(onlyRun(folder("whole")))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

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
