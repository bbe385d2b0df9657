/** Workers as processes: what they end, and what they refuse. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { makeScratchWorkers } from "./workers.ts"

const { scratch, ...workers } = makeScratchWorkers()

/** Longer than it takes until a worker notices that its job is cancelled. */
const manyIterations = 40_000

describe("workers of a queue", () => {
  it("train nothing of a job once its cancelling is confirmed, and keep its checkpoint", async () => {
    const waiting = start(...workers.ensemble("cancelled", manyIterations), workers.queueOf("cancelled"))
    const worker = workers.startWorker("cancelled")
    await workers.untilTrained("cancelled", 1, 25)
    const cancelling = await runCommand("queue", workers.queueOf("cancelled"), "--cancel=all", "--json")
    assert.strictEqual(cancelling.code, 0, cancelling.stderr)
    const jobs: ReadonlyArray<{ readonly state: string }> = JSON.parse(cancelling.stdout)
    assert.deepStrictEqual(
      jobs.map(({ state }) => state),
      ["cancelled", "cancelled"],
    )
    const run = join(scratch, "cancelled", workers.runsOf("cancelled")[0])
    const attempt = JSON.parse(readFileSync(join(run, "attempts", "0001.json"), "utf8"))
    assert.strictEqual(attempt.outcome?.status, "interrupted")
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 130, ended.stderr)
    assert.match(ended.stderr, /member \d: cancelled/)
    const listed = await runCommand("queue", workers.queueOf("cancelled"))
    assert.strictEqual(listed.stdout, "2 jobs, all have ended\n")
    worker.child.kill("SIGTERM")
    assert.strictEqual((await worker.ended).code, 0)
  })

  it("refuse a job whose experiment was changed", async () => {
    const queue = workers.queueOf("damaged").replace("--queue=", "")
    const waiting = start(...workers.ensemble("damaged", 10), workers.queueOf("damaged"))
    const [jobs, open] = [join(queue, "jobs"), join(queue, "open")]
    const isQueued = () => existsSync(open) && readdirSync(open).length === 2
    while (!isQueued()) await new Promise((done) => setTimeout(done, 20))
    for (const id of readdirSync(jobs)) {
      const file = join(jobs, id, "job.json")
      const job = JSON.parse(readFileSync(file, "utf8"))
      writeFileSync(file, JSON.stringify({ ...job, experiment: { ...job.experiment, batchSize: 31 } }))
    }
    const worker = await workers.startWorker("damaged", "--until-empty").ended
    assert.match(worker.stderr, /failed member 1 of pair: cannot train .* its experiment has the fingerprint/)
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 65, ended.stderr)
    assert.deepStrictEqual(workers.runsOf("damaged"), [])
  })

  it("train the runs of a schedule, each a new one, which the gate judges where the schedule is", async () => {
    const file = join(scratch, "nightly.ts")
    writeFileSync(file, `export default ${JSON.stringify({ ...workers.experiment, name: "nightly" })}\n`)
    const worker = workers.startWorker("schedule")
    const runs: Array<string> = []
    for (const outcome of ["champion", "challenger"]) {
      const words = ["--now", "--iterations=60", "--engine=onnx", "--json", workers.queueOf("schedule")]
      const { code, stderr, stdout } = await start("schedule", file, ...words, ...workers.places("schedule"))
        .ended
      assert.strictEqual(code, 0, stderr)
      const recorded = JSON.parse(stdout.trim())
      assert.deepStrictEqual([recorded.outcome, recorded.exitCode], [outcome, 0])
      assert.deepStrictEqual(workers.runsOf("schedule").sort(), [...runs, recorded.run].sort())
      runs.push(recorded.run)
    }
    worker.child.kill("SIGTERM")
    assert.strictEqual((await worker.ended).code, 0)
  })
})
