/**
 * A run that is extended, forked, locked, or has lost files ends with the same bytes as one that
 * is left alone, on a part of MNIST. Real processes are killed and signalled; the rest runs in this process.
 */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { ExperimentInput } from "../../schemas/index.ts"
import { start } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun, resultOf, untilReached } from "../fixtures/runFiles.ts"
import { smallMnist } from "../fixtures/smallMnist.ts"
import tiny from "../fixtures/tiny.ts"
import { runsIn } from "./runsIn.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-continued-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const experiment = smallMnist(join(scratch, "small-mnist"))
const write = (name: string, changes: Partial<ExperimentInput> = {}) => {
  const path = join(scratch, name)
  writeFileSync(path, `export default ${JSON.stringify({ ...experiment, ...changes })}`)
  return path
}
const { flags, folder, killAt, resume, run, startResume, startRun } = runsIn(scratch, write("small.ts"))

describe("a run of 200 iterations", () => {
  let whole: ReturnType<typeof resultOf>
  beforeAll(async () => {
    const ended = await run("whole")
    assert.strictEqual(ended.code, 0, ended.stderr)
    whole = resultOf(onlyRun(folder("whole")))
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
    const { optimizer } = tiny
    const changed = write("changed.ts", {
      optimizer: { ...optimizer, learningRate: { kind: "constant", value: 0.0005 } },
    })
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
    const otherSplit = write("other-split.ts", { split: { kind: "standard", validation: 600 } })
    const elsewhere = await fork("refused", otherSplit, "--iterations", "260")
    assert.strictEqual(elsewhere.code, 65)
    assert.match(
      elsewhere.stderr,
      /found split\.validation 600, expected 500; with another split it would be tested or validated on/,
    )
    const { model } = tiny
    const otherModel = write("other-model.ts", {
      model: [{ ...model[0], kind: "conv2d", kernelSize: 3, filters: 9 }, ...model.slice(1)],
    })
    const misfit = await fork("refused", otherModel, "--iterations", "260")
    assert.strictEqual(misfit.code, 65)
    assert.match(misfit.stderr, /found model\[0\]\.filters 9, expected 8/)
  })

  it("whose experiment file has changed prints the difference and resumes with its stored experiment", async () => {
    await killAt("edited", 25, start("run", write("edited.ts"), ...flags("edited")))
    write("edited.ts", { batchSize: 31 })
    const resumed = await resume("edited")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.match(resumed.stderr, /edited\.ts has changed since the run started/)
    assert.include(resumed.stderr, "batchSize: 30 → 31")
    assert.deepStrictEqual(resultOf(onlyRun(folder("edited"))), whole)
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
