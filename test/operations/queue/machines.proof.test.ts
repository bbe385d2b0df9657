/** Workers on two machines that share a folder: a machine that sleeps beyond its lease, or is gone, changes no byte. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { canContain, countRows, signalAll, startOn } from "../../crash/machines.ts"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { makeWorkers } from "./workers.ts"

let scratch: string
let workers: ReturnType<typeof makeWorkers>
const iterations = 4000
const skipped = canContain ? "" : " (skipped: the right to make namespaces is missing)"

/** Waits until a run of the folder has a second attempt; returns its path. */
const untilTakenOver = async (name: string) => {
  for (let waited = 0; waited < 120_000; waited += 50) {
    for (const run of workers.runsOf(name)) {
      const path = join(scratch, name, run)
      const attempts = readdirSync(join(path, "attempts")).filter((file) => file.endsWith(".json"))
      if (attempts.length > 1) return { path, waited }
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error("no run was taken over")
}

describe.skipIf(!canContain)(`workers on two machines that share a disk${skipped}`, () => {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-worker-"))
    workers = makeWorkers(scratch)
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it("train to the bytes of one machine though one of them sleeps, is taken over within 45 seconds and wakes up", async () => {
    const alone = await runCommand(...workers.ensemble("alone", iterations), "--threads=1")
    assert.strictEqual(alone.code, 0, alone.stderr)

    const waiting = start(...workers.ensemble("many", iterations), workers.queueOf("many"))
    const asleep = startOn({}, ...workers.workerWords("many"))
    await workers.untilTrained("many", 1, 25)
    signalAll(asleep, "SIGSTOP")
    const other = startOn({}, ...workers.workerWords("many", "--until-empty", "--seats=2"))
    const { path, waited } = await untilTakenOver("many")
    assert.isBelow(waited, 45_000)
    // Both write at once for a while.
    signalAll(asleep, "SIGCONT")
    const [worker, ensemble] = await Promise.all([other.ended, waiting.ended])
    assert.strictEqual(worker.code, 0, worker.stderr)
    assert.strictEqual(ensemble.code, 0, ensemble.stderr)
    assert.deepStrictEqual(countRows(path).repeated, [])
    assert.deepStrictEqual(workers.resultsOf("many"), workers.resultsOf("alone"))
    const first = JSON.parse(readFileSync(join(path, "attempts", "0001.json"), "utf8"))
    assert.notStrictEqual(first.outcome?.status, "finished")
    asleep.child.kill("SIGKILL")
    assert.match((await asleep.ended).stderr, /gave back member 1 of pair/)
  })
})
