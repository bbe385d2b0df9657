/**
 * A run that was interrupted, killed or extended ends with the same bytes as one that was not: real processes, real
 * signals, real MNIST. What is neither killed nor signalled runs in this process.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Running, start } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun, resultOf, untilReached } from "../fixtures/runFiles.ts"

const project = fileURLToPath(new URL("../..", import.meta.url))
const tiny = "test/fixtures/tiny.ts"
/** The number of threads does not change the bits of this engine. */
const engine = ["--engine", "onnx"]

/** Sends SIGINT once training has resumed: before that, nothing handles the signal. */
const interruptedInTraining = ({ child, ended }: Running) => {
  let stderr = ""
  let isInterrupted = false
  child.stderr?.on("data", (data) => {
    stderr += String(data)
    if (!isInterrupted && stderr.includes("resuming from iteration")) isInterrupted = child.kill("SIGINT")
  })
  return ended
}

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
    await killAt("killed", 50, startRun("killed", "--threads", "2"))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  /** The run that was killed after 50 iterations or more, in a folder of its own. */
  const copyKilled = (name: string) => cpSync(folder("killed"), folder(name), { recursive: true })

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
    copyKilled("killed-twice")
    assert.include((await runCommand("list", "--runs-dir", folder("killed-twice"))).stdout, "interrupted")
    await killAt("killed-twice", 125, startResume("killed-twice", "--threads", "1"))
    const resumed = await resume("killed-twice")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRun(folder("killed-twice"))), whole)
  })

  it("of 90 iterations extended to 200 ends with the same bytes", async () => {
    assert.strictEqual((await run("extended", "--iterations", "90")).code, 0)
    const resumed = await resume("extended", "--iterations", "200")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRun(folder("extended"))), whole)
  })

  it("keeps its tested checkpoint when it is extended and killed, until another checkpoint is tested", async () => {
    assert.strictEqual((await run("extending", "--iterations", "90")).code, 0)
    await killAt("extending", 175, startResume("extending", "--iterations", "200"))
    const tested = join(onlyRun(folder("extending")), "checkpoints", "iteration-00000090.safetensors")
    assert.isTrue(existsSync(tested))
    const resumed = await resume("extending")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.isFalse(existsSync(tested))
    assert.deepStrictEqual(resultOf(onlyRun(folder("extending"))), whole)
  })

  it("forked with a changed experiment continues its iterations, records its parent, and is reproducible", async () => {
    const changed = join(scratch, "changed.ts")
    writeFileSync(changed, readFileSync(tiny, "utf8").replace("value: 0.003", "value: 0.0005"))
    const parent = onlyRun(folder("whole"))
    const fork = (name: string, file: string, ...more: ReadonlyArray<string>) =>
      runCommand("run", file, ...flags(name), "--from", parent, ...more)
    const forked = await fork("fork", changed, "--iterations", "260")
    assert.strictEqual(forked.code, 0, forked.stderr)
    assert.include(forked.stderr, "resuming from iteration 200 of 260")
    const result = resultOf(onlyRun(folder("fork")))
    const rows = result.metrics
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
    assert.isTrue(result.metrics.startsWith(whole.metrics))
    assert.deepStrictEqual(
      rows
        .filter((row) => row.split === "train" && row.iteration > 190)
        .map((row) => [row.iteration, row.learningRate]),
      [
        [200, 0.003],
        [210, 0.0005],
        [220, 0.0005],
        [230, 0.0005],
        [240, 0.0005],
        [250, 0.0005],
        [260, 0.0005],
      ],
    )
    const identity = JSON.parse(readFileSync(join(onlyRun(folder("fork")), "run.json"), "utf8"))
    assert.deepStrictEqual([identity.parent.run, identity.parent.iteration], [basename(parent), 200])
    assert.strictEqual((await fork("fork-again", changed, "--iterations", "260")).code, 0)
    assert.deepStrictEqual(resultOf(onlyRun(folder("fork-again"))), result)

    const short = await fork("refused", changed)
    assert.strictEqual(short.code, 65)
    assert.match(
      short.stderr,
      /found a budget of 200 iterations, expected more than the 200 of its checkpoint/,
    )
    const text = readFileSync(changed, "utf8")
    writeFileSync(changed, text.replace("validation: 500", "validation: 600"))
    const elsewhere = await fork("refused", changed, "--iterations", "260")
    assert.strictEqual(elsewhere.code, 65)
    assert.match(
      elsewhere.stderr,
      /found split\/validation 600, expected 500; with another split it would be tested or validated on/,
    )
    writeFileSync(changed, text.replace("filters: 8", "filters: 9"))
    const misfit = await fork("refused", changed, "--iterations", "260")
    assert.strictEqual(misfit.code, 65)
    assert.match(misfit.stderr, /found model\/0\/filters 9, expected 8/)
  })

  it("whose experiment file has changed prints the difference and resumes with its stored experiment", async () => {
    const file = join(scratch, "edited.ts")
    const text = readFileSync(tiny, "utf8")
    writeFileSync(file, text)
    await killAt("edited", 25, start("run", file, ...flags("edited")))
    writeFileSync(file, text.replace("batchSize: 30", "batchSize: 31"))
    const resumed = await resume("edited")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.match(resumed.stderr, /edited\.ts has changed since the run started/)
    assert.include(resumed.stderr, "batchSize: 30 → 31")
    assert.deepStrictEqual(resultOf(onlyRun(folder("edited"))), whole)
  })

  it("resumes on another engine only with --allow-engine-change, and warns", async () => {
    copyKilled("engines")
    const refused = await resume("engines", "--engine", "reference")
    assert.strictEqual(refused.code, 65)
    assert.match(
      refused.stderr,
      /cannot resume exactly to the bit: engine was onnx, now reference.*--allow-engine-change/,
    )
    const allowed = startResume("engines", "--engine", "reference", "--allow-engine-change")
    const { code, stderr } = await interruptedInTraining(allowed)
    assert.strictEqual(code, 130, stderr)
    assert.match(
      stderr,
      /warning: from here on, the result is not exact to the bit: engine was onnx, now reference/,
    )
    // From now on the other engine is the run's own: resuming on it is no change.
    const again = startResume("engines")
    const resumed = await interruptedInTraining(again)
    assert.strictEqual(resumed.code, 130, resumed.stderr)
    assert.notInclude(resumed.stderr, "not exact")
    const attempts = readdirSync(join(onlyRun(folder("engines")), "attempts"))
    assert.deepStrictEqual(attempts, ["0001.json", "0002.json", "0003.json"])
  })

  it("whose checkpoints are deleted while it trains names what is missing, and starts over when resumed", async () => {
    const ended = run("deleted", "--iterations", "100000")
    await untilReached(folder("deleted"), 25, ended)
    rmSync(join(onlyRun(folder("deleted")), "checkpoints"), { recursive: true })
    const { code, stderr } = await ended
    assert.strictEqual(code, 66, stderr)
    assert.match(stderr, /error: cannot \w+ .*checkpoints.*: (it|its folder) does not exist \(any more\)/)
    const again = startResume("deleted")
    await untilReached(folder("deleted"), 25, again.ended)
    again.child.kill("SIGINT")
    assert.strictEqual((await again.ended).code, 130)
  })

  it("that is finished but has lost its tested checkpoint trains it again, to the same bytes", async () => {
    const copy = join(folder("lost"), basename(onlyRun(folder("whole"))))
    cpSync(onlyRun(folder("whole")), copy, { recursive: true })
    rmSync(join(copy, "checkpoints", "iteration-00000200.safetensors"))
    const exported = await runCommand("export", "latest", "--format", "onnx", "--runs-dir", folder("lost"))
    assert.strictEqual(exported.code, 65, exported.stderr)
    assert.match(
      exported.stderr,
      /cannot load checkpoint \S*iteration-00000200\S*: the file does not exist; `resume` trains/,
    )
    const resumed = await resume("lost")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.match(resumed.stderr, /is finished, but its tested checkpoint is lost/)
    assert.deepStrictEqual(resultOf(copy), whole)
  })

  it("that is finished is shown, not trained again", async () => {
    const again = await resume("whole")
    assert.strictEqual(again.code, 0, again.stderr)
    assert.include(again.stderr, "is finished")
    assert.include(again.stdout, "test error")
    assert.deepStrictEqual(readdirSync(join(onlyRun(folder("whole")), "attempts")), ["0001.json"])
  })

  it("locked by a live process refuses a second process with exit code 75 and names the first", async () => {
    const { child, ended } = startRun("locked", "--iterations", "100000")
    await untilReached(folder("locked"), 25, ended)
    const second = await resume("locked")
    child.kill("SIGTERM")
    assert.strictEqual((await ended).code, 130)
    assert.strictEqual(second.code, 75, second.stderr)
    assert.include(second.stderr, `process ${child.pid}`)
  })
})
