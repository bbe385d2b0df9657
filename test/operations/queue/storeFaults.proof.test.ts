/**
 * Workers that share a bucket and no folder: a machine that sleeps beyond its lease and wakes up, and a bucket that is away for long,
 * stopped or behind a network that loses everything. OUTAGE_SECONDS lengthens the outages.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { canContain, countRows, signalAll, startOn } from "../../crash/machines.ts"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { serverMissing, setKeys, startObjectServer } from "../../fixtures/objectServers.ts"
import { reached } from "../../fixtures/runFiles.ts"
import { startTcpProxy } from "../../fixtures/tcpProxy.ts"
import { throttle } from "../../fixtures/throttle.ts"
import { makeWorkers } from "./workers.ts"

const outageSeconds = Number(process.env.OUTAGE_SECONDS ?? 30)
const missing = serverMissing("versitygw")
const skipped = missing === "" ? "" : ` (skipped: ${missing})`
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
setKeys()

let scratch: string
let workers: ReturnType<typeof makeWorkers>

const attemptsOf = (path: string) =>
  readdirSync(join(path, "attempts")).filter((file) => file.endsWith(".json"))

const untilTakenOver = async (name: string) => {
  for (let waited = 0; waited < 120_000; waited += 50) {
    for (const run of workers.runsOf(name)) {
      const path = join(scratch, name, run)
      if (attemptsOf(path).length > 1) return { path, run, waited }
    }
    await pause(50)
  }
  throw new Error("no run was taken over")
}

const until = async (isSo: () => boolean) => {
  for (let waited = 0; waited < 120_000; waited += 100) {
    if (isSo()) return
    await pause(100)
  }
  throw new Error("not within two minutes")
}

describe.skipIf(missing !== "")(`workers that share a bucket${skipped}`, () => {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-faults-"))
    workers = makeWorkers(scratch)
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it.skipIf(!canContain)(
    "train to the bytes of one machine though one of them sleeps, is taken over and wakes up",
    async ({ onTestFinished }) => {
      const iterations = 8000
      const server = await startObjectServer("versitygw", join(scratch, "asleep-server"))
      onTestFinished(() => server.stop())
      const store = `--store=${server.addressOf("asleep")}`
      const alone = await runCommand(...workers.ensemble("alone", iterations), "--threads=1")
      assert.strictEqual(alone.code, 0, alone.stderr)
      const words = (name: string, ...more: ReadonlyArray<string>) => [
        "worker",
        workers.queueOf("asleep"),
        store,
        "--threads=1",
        ...workers.places(name),
        ...more,
      ]
      const waiting = start(...workers.ensemble("submitter", iterations), workers.queueOf("asleep"), store)
      const asleep = startOn({}, ...words("asleep"))
      await workers.untilTrained("asleep", 1, 25)
      // Its head is in the bucket.
      await pause(4000)
      signalAll(asleep, "SIGSTOP")
      const other = startOn({}, ...words("other", "--until-empty", "--seats=2"))
      const { path, run, waited } = await untilTakenOver("other")
      // Both train, and both write to the bucket.
      signalAll(asleep, "SIGCONT")
      const [worker, ensemble] = await Promise.all([other.ended, waiting.ended])
      assert.strictEqual(worker.code, 0, worker.stderr)
      assert.strictEqual(ensemble.code, 0, ensemble.stderr)
      assert.deepStrictEqual(countRows(path).repeated, [])
      assert.deepStrictEqual(workers.resultsOf("submitter"), workers.resultsOf("alone"))
      assert.deepStrictEqual(attemptsOf(join(scratch, "submitter", run)), ["0001.json", "0002.json"])
      const own = join(scratch, "asleep", run, "attempts", "0001.json")
      await until(() => JSON.parse(readFileSync(own, "utf8")).outcome !== null)
      assert.strictEqual(JSON.parse(readFileSync(own, "utf8")).outcome.exitCode, 75)
      signalAll(asleep, "SIGKILL")
      assert.match((await asleep.ended).stderr, /gave back member \d of pair: another worker took it over/)
      console.log(`taken over after ${(waited / 1000).toFixed(1)} s`)
    },
    300_000,
  )

  for (const kind of ["stopped", "blackholed"] as const) {
    it(
      `train on while the bucket is ${kind} for ${outageSeconds} s, restart nothing, and deliver later`,
      async ({ onTestFinished }) => {
        const iterations = 3000 + 20 * outageSeconds
        const server = await startObjectServer("versitygw", join(scratch, `${kind}-server`))
        const address = server.addressOf(kind)
        const proxy = await startTcpProxy(Number(/127\.0\.0\.1:(\d+)/.exec(address)?.[1]))
        onTestFinished(async () => {
          proxy.close()
          await server.stop()
        })
        const store = `--store=${address.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${proxy.port}`)}`
        const [away, back] = kind === "stopped" ? [server.stop, server.start] : [proxy.lose, proxy.passOn]
        const queue = workers.queueOf(kind)
        const waiting = start(...workers.ensemble(`${kind}-submitter`, iterations), queue, store)
        const words = ["worker", queue, store, "--threads=1", ...workers.places(`${kind}-worker`)]
        const training = start(...words, "--seats=2")
        await workers.untilTrained(`${kind}-worker`, 2, 25)
        const release = throttle(training.child.pid ?? 0, outageSeconds > 100 ? 0.05 : 0.3)
        await pause(5000)
        const runs = workers.runsOf(`${kind}-worker`).map((run) => join(scratch, `${kind}-worker`, run))
        const before = runs.map(reached)
        await away()
        await pause(outageSeconds * 500)
        const halfway = runs.map(reached)
        release()
        await pause(outageSeconds * 500)
        await until(() => runs.every((run) => existsSync(join(run, "report.json"))))
        assert.isNull(training.child.exitCode)
        await back()
        const ended = await waiting.ended
        assert.strictEqual(ended.code, 0, ended.stderr)
        training.child.kill("SIGTERM")
        const worker = await training.ended
        assert.strictEqual(worker.code, 0, worker.stderr)
        // A request whose packets vanish is tried again for two minutes before anything is logged.
        if (kind === "stopped" || outageSeconds > 180) {
          assert.match(worker.stderr, /cannot reach the store .*; training continues/)
          assert.match(worker.stderr, /the store is back/)
        }
        for (const [i, run] of runs.entries()) {
          assert.isAbove(halfway[i], before[i])
          assert.deepStrictEqual(attemptsOf(run), ["0001.json"])
        }
        assert.deepStrictEqual(workers.resultsOf(`${kind}-submitter`), workers.resultsOf(`${kind}-worker`))
      },
      (outageSeconds + 300) * 1000,
    )
  }
})
