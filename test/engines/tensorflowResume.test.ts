/**
 * Runs of the tensorflow engine through the command line: killed and resumed with the same number of threads they end with
 * the same bytes. Another engine can resume from their checkpoints, with a warning.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cliRun, start } from "../fixtures/cli.ts"
import { killTwice, onlyRun, resultOf } from "../fixtures/runFiles.ts"
import { hasTensorflow } from "./engines.ts"

const tiny = "test/fixtures/tiny.ts"
const engine = ["--engine", "tensorflow", "--threads", "2"]
const allowed = "--allow-engine-change"
const installed = hasTensorflow ? describe : describe.skip

installed("a run of the tensorflow engine", () => {
  let scratch: string
  let data: string
  let whole: ReturnType<typeof resultOf>
  const folder = (name: string) => join(scratch, name)
  const run = (name: string, ...more: ReadonlyArray<string>) =>
    start("run", tiny, ...engine, "--runs-dir", folder(name), "--data-dir", data, ...more)
  const resume = (name: string, ...more: ReadonlyArray<string>) =>
    start("resume", "latest", "--runs-dir", folder(name), ...more)

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-tensorflow-runs-"))
    data = join(scratch, "data")
    const ended = await run("whole").ended
    assert.strictEqual(ended.code, 0, ended.stderr)
    whole = resultOf(onlyRun(folder("whole")))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it("records engine, versions, device and threads", () => {
    const { engine } = JSON.parse(readFileSync(join(onlyRun(folder("whole")), "run.json"), "utf8"))
    assert.strictEqual(engine.name, "tensorflow")
    assert.include(["cpu", "gpu"], engine.device)
    assert.strictEqual(engine.threads, 2)
    assert.isTrue(engine.threadsChangeBits)
    assert.match(engine.versions.tensorflow, /^\d+\.\d+\.\d+$/)
  })

  it("killed twice with SIGKILL and resumed ends with the same bytes", async () => {
    const resumed = await killTwice(
      folder("killed"),
      () => run("killed"),
      () => resume("killed"),
    )
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRun(folder("killed"))), whole)
  })

  it("is not resumed with another number of threads or another engine without --allow-engine-change", async () => {
    assert.strictEqual((await run("changed", "--iterations", "80").ended).code, 0)
    const on = ["--runs-dir", folder("changed"), "--iterations", "120"]
    const threads = await cliRun("resume", "latest", ...on, "--threads", "1")
    assert.strictEqual(threads.code, 65)
    assert.match(threads.stderr, /threads was 2, now 1/)
    const other = await cliRun("resume", "latest", ...on, "--engine", "onnx", allowed)
    assert.strictEqual(other.code, 0, other.stderr)
    assert.match(other.stderr, /the result is not exact to the bit: engine was tensorflow, now onnx/)
    assert.match(other.stderr, /resuming from iteration 80 of 120/)
    const further = ["--runs-dir", folder("changed"), "--iterations", "140"]
    const back = await cliRun("resume", "latest", ...further, "--engine", "tensorflow", allowed)
    assert.strictEqual(back.code, 0, back.stderr)
    assert.match(back.stderr, /engine was onnx, now tensorflow/)
  })
})
