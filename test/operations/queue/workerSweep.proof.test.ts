/** Two workers as processes train a sweep: the decisions and the journal of one machine. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import tinySweep from "../../fixtures/tinySweep.ts"
import { makeScratchWorkers } from "./workers.ts"

const { scratch, ...workers } = makeScratchWorkers()

describe("workers of a queue", () => {
  it("train a sweep to the decisions and the journal of one machine", async () => {
    const file = join(scratch, "sweep.ts")
    const base = { ...workers.experiment, budget: { iterations: 90 }, evaluateEvery: 10 }
    const text = JSON.stringify({
      ...tinySweep,
      base: { ...base, split: { kind: "standard", validation: 500 } },
    })
    writeFileSync(file, `export default ${text}\n`)
    const sweep = (name: string) => ["sweep", file, "--engine=onnx", "--json", ...workers.places(name)]
    const alone = await runCommand(...sweep("sweep-alone"))
    assert.strictEqual(alone.code, 0, alone.stderr)
    const two = [1, 2].map(() => workers.startWorker("sweep-many"))
    const many = await start(...sweep("sweep-many"), workers.queueOf("sweep-many")).ended
    assert.strictEqual(many.code, 0, many.stderr)
    for (const worker of two) worker.child.kill("SIGTERM")
    const ended = await Promise.all(two.map((worker) => worker.ended))
    assert.deepStrictEqual(
      ended.map(({ code }) => code),
      [0, 0],
    )
    /** Names of runs hold the time. */
    const journal = (name: string) =>
      readFileSync(join(scratch, name, "sweeps", "tiny-rates", "journal.ndjson"), "utf8").replaceAll(
        /\d{8}T\d{6}Z/g,
        "TIME",
      )
    assert.strictEqual(journal("sweep-many"), journal("sweep-alone"))
  })
})
