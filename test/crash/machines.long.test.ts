/** One writer of a run, whatever clocks and sleeping machines do: two machines share a disk, and nothing is ever there twice. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cliRun } from "../fixtures/cli.ts"
import { onlyRun, resultOf } from "../fixtures/runFiles.ts"
import { canContain, canShiftClock, countRows, signalAll, startOn, untilCheckpoint } from "./machines.ts"

const experiment = "test/fixtures/tiny.ts"
let scratch: string
const folder = (name: string) => join(scratch, name)
const places = (name: string) => ["--runs-dir", folder(name), "--data-dir", folder("data")] as const
const run = (name: string, iterations: number) =>
  [
    "run",
    experiment,
    "--iterations",
    String(iterations),
    "--engine",
    "onnx",
    "--threads",
    "1",
    ...places(name),
  ] as const

/** What a run of so many iterations ends with if it is left alone. */
const resultAlone = async (iterations: number) => {
  const name = `alone ${iterations}`
  const alone = await cliRun(...run(name, iterations))
  assert.strictEqual(alone.code, 0, alone.stderr)
  return resultOf(onlyRun(folder(name)))
}

/** Waits until a run has that many attempts. */
const untilAttempts = async (path: string, count: number) => {
  const attempts = () => readdirSync(join(path, "attempts")).filter((name) => name.endsWith(".json"))
  for (let waited = 0; attempts().length < count; waited += 50) {
    assert.isBelow(waited, 90_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const missing = canContain ? (canShiftClock ? "" : "faketime") : "the right to make namespaces"
const skipped = missing === "" ? "" : ` (skipped: ${missing} is missing)`

describe.skipIf(missing !== "")(`two machines that share a disk${skipped}`, () => {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-machines-"))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it("refuse to resume, or to remove, the live run of the other, whatever their clocks say", async () => {
    // Long enough for the others to look for a sign of life meanwhile.
    const iterations = 6000
    const first = startOn({}, ...run("clocks", iterations))
    await untilCheckpoint(folder("clocks"), 25, first)
    const refused = await Promise.all([
      ...[90, -120, 3600].map(
        (clockAhead) => startOn({ clockAhead }, "resume", "latest", "--runs-dir", folder("clocks")).ended,
      ),
      startOn({ clockAhead: 90 }, "rm", "latest", "--yes", "--runs-dir", folder("clocks")).ended,
    ])
    assert.isNull(first.child.exitCode, "the run lives on")
    for (const { code, stderr } of refused) assert.strictEqual(code, 75, stderr)
    assert.match(refused[0].stderr, /another machine or container/)
    const { code, stderr } = await first.ended
    assert.strictEqual(code, 0, stderr)
    assert.deepStrictEqual(countRows(onlyRun(folder("clocks"))).repeated, [])
    assert.deepStrictEqual(readdirSync(join(onlyRun(folder("clocks")), "attempts")), ["0001.json"])
    assert.deepStrictEqual(resultOf(onlyRun(folder("clocks"))), await resultAlone(iterations))
  })

  // Each waits half a minute for a sign of life: both at once.
  it("take over a run whose machine sleeps or is gone; woken, the first writer ends with 75 and changes no byte", async () => {
    const iterations = 1500
    const takeOver = async (name: string, clockAhead: number, stop: "SIGSTOP" | "SIGKILL") => {
      const first = startOn({ clockAhead }, ...run(name, iterations))
      const path = await untilCheckpoint(folder(name), 25, first)
      signalAll(first, stop)
      const second = startOn({}, "resume", "latest", "--runs-dir", folder(name))
      await untilAttempts(path, 2)
      // Both write at once for a while.
      if (stop === "SIGSTOP") signalAll(first, "SIGCONT")
      const [one, two] = await Promise.all([first.ended, second.ended])
      assert.strictEqual(two.code, 0, two.stderr)
      assert.deepStrictEqual(countRows(path).repeated, [])
      return { one, result: resultOf(path) }
    }
    const [asleep, gone] = await Promise.all([
      takeOver("asleep", 0, "SIGSTOP"),
      // Its last sign of life is an hour ahead, by its clock.
      takeOver("gone", 3600, "SIGKILL"),
    ])
    assert.strictEqual(asleep.one.code, 75, asleep.one.stderr)
    assert.match(asleep.one.stderr, /took the run over/)
    const expected = await resultAlone(iterations)
    assert.deepStrictEqual(asleep.result, expected)
    assert.deepStrictEqual(gone.result, expected)
  })
})
