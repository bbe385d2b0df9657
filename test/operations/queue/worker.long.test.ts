/** Workers as processes: an ensemble with the bytes of one machine, whatever becomes of its workers. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { makeScratchWorkers } from "./workers.ts"

const { scratch, ...workers } = makeScratchWorkers()

const iterations = 400

describe("workers of a queue", () => {
  it("train an ensemble to the bytes of one machine, though one is killed and the next is stopped", async () => {
    const alone = await runCommand(...workers.ensemble("alone", iterations), "--threads=1")
    assert.strictEqual(alone.code, 0, alone.stderr)

    const waiting = start(...workers.ensemble("many", iterations), workers.queueOf("many"))
    const killed = workers.startWorker("many")
    await workers.untilTrained("many", 1, 25)
    killed.child.kill("SIGKILL")
    await killed.ended

    const stopped = workers.startWorker("many")
    await workers.untilTrained("many", 2, 25)
    const askedAt = Date.now()
    stopped.child.kill("SIGTERM")
    const { code, stderr } = await stopped.ended
    assert.strictEqual(code, 0, stderr)
    assert.isBelow(Date.now() - askedAt, 10_000)
    assert.match(stderr, /gave back member 2 of pair: its worker was stopped/)

    const last = await workers.startWorker("many", "--until-empty", "--json").ended
    assert.strictEqual(last.code, 0, last.stderr)
    const [line] = last.stdout.trim().split("\n")
    const { reason, run, status, what } = JSON.parse(line)
    assert.deepStrictEqual(
      { reason, status, what },
      { reason: "", status: "finished", what: "member 2 of pair" },
    )
    assert.include(workers.runsOf("many"), run)
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.deepStrictEqual(workers.resultsOf("many"), workers.resultsOf("alone"))
    assert.strictEqual(workers.runsOf("many").length, 2)
    const reports = ["many", "alone"].map((name) => {
      const path = join(scratch, name, "ensembles", `pair-${iterations}-iterations`)
      return readFileSync(join(path, "predictions.safetensors"))
    })
    assert.isTrue(reports[0].equals(reports[1]))
  })
})
