/** One writer of a run, whatever clocks and sleeping machines do: two machines share a disk, and nothing is ever there twice. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cliRun } from "../fixtures/cli.ts"
import { onlyRun, resultOf } from "../fixtures/runFiles.ts"
import { canContain, canShiftClock, countRows, signalAll, startOn, untilCheckpoint } from "./machines.ts"

const experiment = "test/fixtures/tiny.ts"
/** Long enough for another machine to try something meanwhile. */
const iterations = "5000"

let scratch: string
let expected: ReturnType<typeof resultOf>
const folder = (name: string) => join(scratch, name)
const run = (name: string) =>
  [
    "run",
    experiment,
    "--iterations",
    iterations,
    "--engine",
    "onnx",
    "--threads",
    "1",
    ...places(name),
  ] as const
const places = (name: string) => ["--runs-dir", folder(name), "--data-dir", folder("data")] as const

const missing = canContain ? (canShiftClock ? "" : "faketime") : "the right to make namespaces"
const skipped = missing === "" ? "" : ` (skipped: ${missing} is missing)`

describe.skipIf(missing !== "")(`two machines that share a disk${skipped}`, () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-machines-"))
    const alone = await cliRun(...run("alone"))
    assert.strictEqual(alone.code, 0, alone.stderr)
    expected = resultOf(onlyRun(folder("alone")))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  for (const clockAhead of [90, -120, 3600]) {
    it(`refuse to resume, or to remove, the live run of the other, with a clock off by ${clockAhead} s`, async () => {
      const name = `clock ${clockAhead}`
      const first = startOn({}, ...run(name))
      await untilCheckpoint(folder(name), 25, first)
      const resumed = await startOn({ clockAhead }, "resume", "latest", "--runs-dir", folder(name)).ended
      const removed = await startOn({ clockAhead }, "rm", "latest", "--yes", "--runs-dir", folder(name)).ended
      const { code, stderr } = await first.ended
      assert.strictEqual(resumed.code, 75, resumed.stderr)
      assert.match(resumed.stderr, /another machine or container/)
      assert.strictEqual(removed.code, 75, removed.stderr)
      assert.strictEqual(code, 0, stderr)
      assert.deepStrictEqual(countRows(onlyRun(folder(name))).repeated, [])
      assert.deepStrictEqual(resultOf(onlyRun(folder(name))), expected)
      assert.deepStrictEqual(readdirSync(join(onlyRun(folder(name)), "attempts")), ["0001.json"])
    })
  }

  it("take over a run whose machine was suspended; woken, the first writer ends with 75 and changes no byte", async () => {
    const name = "suspended"
    const first = startOn({}, ...run(name))
    const path = await untilCheckpoint(folder(name), 25, first)
    signalAll(first, "SIGSTOP")
    const second = startOn({}, "resume", "latest", "--runs-dir", folder(name))
    // Both at once for a while.
    await untilAttempts(path, 2)
    signalAll(first, "SIGCONT")
    const [one, two] = await Promise.all([first.ended, second.ended])
    assert.strictEqual(one.code, 75, one.stderr)
    assert.match(one.stderr, /took the run over/)
    assert.strictEqual(two.code, 0, two.stderr)
    assert.deepStrictEqual(countRows(path).repeated, [])
    assert.deepStrictEqual(resultOf(path), expected)
  })

  it("take over a run whose machine is gone, though its clock was an hour ahead, within a minute", async () => {
    const name = "gone"
    const first = startOn({ clockAhead: 3600 }, ...run(name))
    const path = await untilCheckpoint(folder(name), 25, first)
    signalAll(first, "SIGKILL")
    await first.ended
    const startedAt = performance.now()
    const second = startOn({}, "resume", "latest", "--runs-dir", folder(name))
    await untilAttempts(path, 2)
    assert.isBelow(performance.now() - startedAt, 60_000)
    const { code, stderr } = await second.ended
    assert.strictEqual(code, 0, stderr)
    assert.deepStrictEqual(resultOf(path), expected)
  })
})

/** Waits until a run has that many attempts. */
const untilAttempts = async (path: string, count: number) => {
  const attempts = () => readdirSync(join(path, "attempts")).filter((name) => name.endsWith(".json"))
  for (let waited = 0; attempts().length < count; waited += 50) {
    assert.isBelow(waited, 90_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
