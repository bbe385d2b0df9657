/**
 * A run that was interrupted, killed or extended ends with the same bytes as one that was not: real processes, real
 * signals, real MNIST.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cliRun, start } from "../fixtures/cli.ts"
import { onlyRun, reached, resultOf } from "../fixtures/runFiles.ts"

const tiny = "test/fixtures/tiny.ts"

describe("a run of 200 iterations", () => {
  let scratch: string
  let data: string
  let whole: ReturnType<typeof resultOf>
  const folder = (name: string) => join(scratch, name)
  const run = (name: string, ...more: ReadonlyArray<string>) =>
    start("run", tiny, "--runs-dir", folder(name), "--data-dir", data, ...more)
  const resume = (name: string, ...more: ReadonlyArray<string>) =>
    cliRun("resume", "latest", "--runs-dir", folder(name), ...more)

  /** Waits until a checkpoint of at least `iteration` is there; the process may be faster. */
  const untilReached = async (name: string, iteration: number, ended: Promise<unknown>) => {
    let over = false
    void ended.then(() => (over = true))
    while (!over) {
      const runs = readdirSync(scratch).includes(name)
        ? readdirSync(folder(name)).filter((n) => !n.startsWith("."))
        : []
      if (runs.length === 1 && reached(join(folder(name), runs[0])) >= iteration) return
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  beforeAll(async () => {
    // A path with spaces and Unicode, as any user may have.
    scratch = mkdtempSync(join(tmpdir(), "tidemark běhy 走 "))
    data = join(scratch, "data")
    const ended = await run("whole").ended
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

  it("stopped by Ctrl-C exits with 130, says how to go on, and resumed ends with the same bytes", async () => {
    const { child, ended } = run("ctrl-c")
    await untilReached("ctrl-c", 25, ended)
    child.kill("SIGINT")
    const stopped = await ended
    assert.strictEqual(stopped.code, 130, stopped.stderr)
    assert.match(stopped.stderr, /interrupted by SIGINT during train at iteration \d+ of 200/)
    assert.match(stopped.stderr, /pnpm pipeline resume \d{8}T\d{6}Z-tiny-[0-9a-f]{8}/)
    const resumed = await resume("ctrl-c")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRun(folder("ctrl-c"))), whole)
  })

  it("killed twice with SIGKILL, resumed with another number of threads, ends with the same bytes", async () => {
    const first = run("killed", "--threads", "2")
    await untilReached("killed", 50, first.ended)
    first.child.kill("SIGKILL")
    await first.ended
    assert.include((await cliRun("list", "--runs-dir", folder("killed"))).stdout, "interrupted")
    const second = start("resume", "latest", "--runs-dir", folder("killed"), "--threads", "1")
    await untilReached("killed", 125, second.ended)
    second.child.kill("SIGKILL")
    await second.ended
    const resumed = await resume("killed")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRun(folder("killed"))), whole)
  })

  it("of 90 iterations extended to 200 ends with the same bytes", async () => {
    assert.strictEqual((await run("extended", "--iterations", "90").ended).code, 0)
    const resumed = await resume("extended", "--iterations", "200")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    const { checkpoints, ...rest } = resultOf(onlyRun(folder("extended")))
    const { checkpoints: wholeCheckpoints, ...wholeRest } = whole
    assert.deepStrictEqual(
      { ...rest, report: rest.report.test },
      { ...wholeRest, report: wholeRest.report.test },
    )
    assert.deepStrictEqual(Object.keys(checkpoints), Object.keys(wholeCheckpoints))
  })

  it("that is finished is shown again, not trained again", async () => {
    const again = await resume("whole")
    assert.strictEqual(again.code, 0, again.stderr)
    assert.include(again.stderr, "is finished")
    assert.include(again.stdout, "test error")
    assert.deepStrictEqual(readdirSync(join(onlyRun(folder("whole")), "attempts")), ["0001.json"])
  })

  it("locked by a live process refuses a second one with exit 75, naming the process", async () => {
    const { child, ended } = run("locked", "--iterations", "100000")
    await untilReached("locked", 25, ended)
    const second = await resume("locked")
    child.kill("SIGTERM")
    assert.strictEqual((await ended).code, 130)
    assert.strictEqual(second.code, 75, second.stderr)
    assert.include(second.stderr, `process ${child.pid}`)
  })
})
