/** Workers as processes: an ensemble with the bytes of one machine, whatever becomes of its workers. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Running, start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { reached, resultOf } from "../../fixtures/runFiles.ts"
import { smallMnist } from "../../fixtures/smallMnist.ts"

let scratch: string
let pair: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-worker-"))
  const experiment = smallMnist(join(scratch, "small-mnist"))
  pair = join(scratch, "pair.ts")
  const members = [0, 1].map((seed) => ({ ...experiment, seed }))
  writeFileSync(pair, `export default ${JSON.stringify({ name: "pair", members })}\n`)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const places = (name: string) => [`--runs-dir=${join(scratch, name)}`, `--data-dir=${join(scratch, "data")}`]
const queueOf = (name: string) => `--queue=${join(scratch, `${name}-queue`)}`
const iterations = 250
const ensemble = (name: string) => [
  "run",
  pair,
  `--iterations=${iterations}`,
  "--engine=onnx",
  ...places(name),
]
const startWorker = (name: string, ...more: ReadonlyArray<string>) =>
  start("worker", queueOf(name), "--threads=1", ...places(name), ...more)

const runsOf = (name: string) => {
  const folder = join(scratch, name)
  return existsSync(folder) ? readdirSync(folder).filter((run) => /^\d{8}T/.test(run)) : []
}

/** Waits until `count` runs have checkpoints, the newest of at least `iteration`. */
const untilTrained = async (name: string, count: number, iteration: number) => {
  for (let waited = 0; waited < 60_000; waited += 10) {
    const runs = runsOf(name).map((run) => join(scratch, name, run))
    if (runs.length >= count && reached(runs.at(-1) ?? "") >= iteration) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`no run reached iteration ${iteration}`)
}

/** The results of the runs of a folder by seed. */
const resultsOf = (name: string) =>
  Object.fromEntries(
    runsOf(name).map((run) => {
      const path = join(scratch, name, run)
      const { experiment } = JSON.parse(readFileSync(join(path, "run.json"), "utf8"))
      return [experiment.seed, resultOf(path)]
    }),
  )

const signal = ({ child }: Running, name: NodeJS.Signals) => child.kill(name)

describe("workers of a queue", () => {
  it("train an ensemble to the bytes of one machine, though one is killed and the next is stopped", async () => {
    const alone = await runCommand(...ensemble("alone"), "--threads=1")
    assert.strictEqual(alone.code, 0, alone.stderr)

    const waiting = start(...ensemble("many"), queueOf("many"))
    const killed = startWorker("many")
    await untilTrained("many", 1, 25)
    signal(killed, "SIGKILL")
    await killed.ended

    const stopped = startWorker("many")
    await untilTrained("many", 2, 25)
    const askedAt = Date.now()
    signal(stopped, "SIGTERM")
    const { code, stderr } = await stopped.ended
    assert.strictEqual(code, 0, stderr)
    assert.isBelow(Date.now() - askedAt, 10_000)
    assert.match(stderr, /gave back member 2 of pair: its worker was stopped/)

    const last = await startWorker("many", "--until-empty", "--json").ended
    assert.strictEqual(last.code, 0, last.stderr)
    const [line] = last.stdout.trim().split("\n")
    const { reason, run, status, what } = JSON.parse(line)
    assert.deepStrictEqual(
      { reason, status, what },
      { reason: "", status: "finished", what: "member 2 of pair" },
    )
    assert.include(runsOf("many"), run)
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.deepStrictEqual(resultsOf("many"), resultsOf("alone"))
    assert.strictEqual(runsOf("many").length, 2)
    const reports = ["many", "alone"].map((name) => {
      const path = join(scratch, name, "ensembles", `pair-${iterations}-iterations`)
      return readFileSync(join(path, "predictions.safetensors"))
    })
    assert.isTrue(reports[0].equals(reports[1]))
  })

  it("train nothing of a work once its cancelling is confirmed, and keep its checkpoint", async () => {
    const waiting = start(...ensemble("cancelled"), queueOf("cancelled"))
    const worker = startWorker("cancelled")
    await untilTrained("cancelled", 1, 25)
    const cancelling = await runCommand("queue", queueOf("cancelled"), "--cancel=all", "--json")
    assert.strictEqual(cancelling.code, 0, cancelling.stderr)
    const works: ReadonlyArray<{ readonly state: string }> = JSON.parse(cancelling.stdout)
    assert.deepStrictEqual(
      works.map(({ state }) => state),
      ["cancelled", "cancelled"],
    )
    const run = join(scratch, "cancelled", runsOf("cancelled")[0])
    const attempt = JSON.parse(readFileSync(join(run, "attempts", "0001.json"), "utf8"))
    assert.strictEqual(attempt.outcome?.status, "interrupted")
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 130, ended.stderr)
    assert.match(ended.stderr, /member \d: cancelled/)
    const listed = await runCommand("queue", queueOf("cancelled"))
    assert.strictEqual(listed.stdout, "2 works, all have ended\n")
    signal(worker, "SIGTERM")
    assert.strictEqual((await worker.ended).code, 0)
  })

  it("refuse a work with other code than its experiment names", async () => {
    const queue = queueOf("damaged").replace("--queue=", "")
    const waiting = start(...ensemble("damaged"), queueOf("damaged"))
    const [works, open] = [join(queue, "works"), join(queue, "open")]
    const isQueued = () => existsSync(open) && readdirSync(open).length === 2
    while (!isQueued()) await new Promise((done) => setTimeout(done, 20))
    for (const id of readdirSync(works)) {
      const file = join(works, id, "work.json")
      const work = JSON.parse(readFileSync(file, "utf8"))
      writeFileSync(file, JSON.stringify({ ...work, experiment: { ...work.experiment, batchSize: 31 } }))
    }
    const worker = await startWorker("damaged", "--until-empty").ended
    assert.match(worker.stderr, /failed member 1 of pair: cannot train .* its experiment has the fingerprint/)
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 65, ended.stderr)
    assert.deepStrictEqual(runsOf("damaged"), [])
  })
})
