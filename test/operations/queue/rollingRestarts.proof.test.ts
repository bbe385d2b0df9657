/**
 * Workers that are restarted again and again while they train a sweep: the decisions and the bytes of one process, each handed over
 * within ten seconds, and none counted as a try. RESTARTS sets how many; 50 by default.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { digest, resultOf } from "../../fixtures/runFiles.ts"
import tinySweep from "../../fixtures/tinySweep.ts"
import { makeScratchWorkers } from "./workers.ts"

const restarts = Number(process.env.RESTARTS ?? 50)
const { scratch, ...workers } = makeScratchWorkers()
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A worker, once it takes signals. */
const startReady = async () => {
  const worker = workers.startWorker("many")
  await new Promise<void>((resolve) => {
    let printed = ""
    worker.child.stderr?.on("data", (data) => {
      printed += String(data)
      if (printed.includes("worker at ")) resolve()
    })
  })
  return worker
}

const file = join(scratch, "sweep.ts")
const base = {
  ...workers.experiment,
  budget: { iterations: 12_600 },
  evaluateEvery: 1400,
  checkpointEvery: 1400,
}
const split = { kind: "standard", validation: 500 } as const
writeFileSync(file, `export default ${JSON.stringify({ ...tinySweep, base: { ...base, split } })}\n`)
const sweep = (name: string, ...more: ReadonlyArray<string>) =>
  start("sweep", file, "--engine=onnx", ...workers.places(name), ...more)

/** Names of runs hold the time. */
const withoutTimes = (text: string) => text.replaceAll(/\d{8}T\d{6}Z/g, "TIME")
const journal = (name: string) =>
  withoutTimes(readFileSync(join(scratch, name, "sweeps", "tiny-rates", "journal.ndjson"), "utf8"))

/** The newest checkpoint: weights, optimizer, metrics so far. */
const newestOf = (path: string) => {
  const [newest] = readdirSync(join(path, "checkpoints")).sort().toReversed()
  return { newest, digest: digest(readFileSync(join(path, "checkpoints", newest))) }
}

/** The results of tested runs, and the newest checkpoints of the others, by their names without the time. */
const bytesOf = (name: string) =>
  Object.fromEntries(
    workers.runsOf(name).map((run) => {
      const path = join(scratch, name, run)
      const isTested = existsSync(join(path, "report.json"))
      return [withoutTimes(run), isTested ? resultOf(path) : newestOf(path)]
    }),
  )

/** What the log of each job says of those that gave it back. */
const givenBack = () =>
  readdirSync(join(scratch, "many-queue", "jobs")).flatMap((id) => {
    const folder = join(scratch, "many-queue", "jobs", id)
    return readdirSync(folder)
      .filter((name) => /^\d{5}\.json$/.test(name))
      .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")))
      .filter(({ entry }) => entry === "givenBack")
  })

describe("a sweep whose workers are restarted", () => {
  it(`${restarts} times, has the decisions and the bytes of one process`, async () => {
    const alone = await sweep("alone", "--threads=1").ended
    assert.strictEqual(alone.code, 0, alone.stderr)
    const many = sweep("many", workers.queueOf("many"))
    const state = { isOver: false }
    void many.ended.then(() => (state.isOver = true))
    const running = [await startReady(), await startReady()]
    const handOvers: Array<number> = []
    for (let restart = 0; restart < restarts && !state.isOver; restart++) {
      await pause(1500 + 100 * (restart % 20))
      const [oldest] = running.splice(0, 1)
      const askedAt = performance.now()
      oldest.child.kill("SIGTERM")
      running.push(workers.startWorker("many"))
      const { code, stderr } = await oldest.ended
      handOvers.push(performance.now() - askedAt)
      assert.strictEqual(code, 0, stderr)
    }
    const ended = await many.ended
    for (const { child } of running) child.kill("SIGTERM")
    await Promise.all(running.map((worker) => worker.ended))
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.strictEqual(journal("many"), journal("alone"))
    assert.deepStrictEqual(bytesOf("many"), bytesOf("alone"))
    const back = givenBack()
    for (const { delayMs, kills, reason, returns } of back) {
      assert.deepStrictEqual([reason, kills, returns, delayMs], ["its worker was stopped", 0, 0, 0])
    }
    assert.lengthOf(handOvers, restarts)
    assert.isBelow(Math.max(...handOvers), 10_000)
    const slowest = (Math.max(...handOvers) / 1000).toFixed(1)
    console.log(`${handOvers.length} restarts, ${back.length} hand-overs; the slowest took ${slowest} s`)
  }, 3_600_000)
})
