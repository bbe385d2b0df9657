/**
 * The database is away while runs train, stopped or behind a network that loses everything: training continues, nothing is restarted
 * or trained twice, and what ended meanwhile is delivered later. OUTAGE_SECONDS lengthens the outages.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { type Postgres, postgresMissing, startPostgres } from "../../fixtures/postgres.ts"
import { reached } from "../../fixtures/runFiles.ts"
import { startTcpProxy, type TcpProxy } from "../../fixtures/tcpProxy.ts"
import { throttle } from "../../fixtures/throttle.ts"
import { makeWorkers } from "./workers.ts"

/** Two leases: claims would lapse if anything counted the silence. */
const outageSeconds = Number(process.env.OUTAGE_SECONDS ?? 24)
const share = outageSeconds > 100 ? 0.05 : 0.3
/** More than the throttled trainings reach in half of an outage. */
const iterations = 3000 + 20 * outageSeconds
const skipped = postgresMissing === "" ? "" : ` (skipped: ${postgresMissing})`
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A database of its own, behind a proxy. */
interface Database {
  readonly postgres: Postgres
  readonly proxy: TcpProxy
}

let scratch: string
let workers: ReturnType<typeof makeWorkers>

/** Trains two members during an outage, while another worker has a free seat. */
const trainThrough = async (name: string, { proxy }: Database, away: () => void, back: () => void) => {
  const queue = `--queue=postgres://tidemark@127.0.0.1:${proxy.port}/postgres`
  const words = ["worker", queue, "--threads=1", ...workers.places(name)]
  const waiting = start(...workers.ensemble(name, iterations), queue)
  const training = start(...words, "--seats=2")
  await workers.untilTrained(name, 2, 25)
  const idle = start(...words)
  const release = throttle(training.child.pid ?? 0, share)
  await pause(5000)
  const runs = workers.runsOf(name).map((run) => join(scratch, name, run))
  const before = runs.map(reached)
  away()
  await pause(outageSeconds * 500)
  const halfway = runs.map(reached)
  // The trainings end before the database is back.
  release()
  await pause(outageSeconds * 500)
  const reported = () => runs.map((run) => existsSync(join(run, "report.json")))
  // A busy machine takes longer, and the outage lasts until then.
  for (let second = 0; second < 60 && reported().includes(false); second++) await pause(1000)
  const isReported = reported()
  back()
  const ended = await waiting.ended
  for (const { child } of [training, idle]) child.kill("SIGTERM")
  const logs = await Promise.all([training.ended, idle.ended])
  return { ended, before, halfway, isReported, runs, logs }
}

const outages = {
  stopped: ({ postgres }: Database) => [() => postgres.stop(), () => postgres.start()],
  blackholed: ({ proxy }: Database) => [() => proxy.lose(), () => proxy.passOn()],
} as const

describe.skipIf(postgresMissing !== "").concurrent(`an outage of the database${skipped}`, () => {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-outage-"))
    workers = makeWorkers(scratch)
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  for (const [kind, phases] of Object.entries(outages)) {
    it(
      `${kind}, stops no training, and outcomes are delivered when it is back`,
      async ({ onTestFinished }) => {
        const postgres = await startPostgres(join(scratch, `database-${kind}`))
        const proxy = await startTcpProxy(Number(/:(\d+)\//.exec(postgres.address)?.[1]))
        onTestFinished(() => {
          proxy.close()
          postgres.stop()
        })
        const database = { postgres, proxy }
        const [away, back] = phases(database)
        const { before, ended, halfway, isReported, logs, runs } = await trainThrough(
          kind,
          database,
          away,
          back,
        )
        assert.strictEqual(ended.code, 0, ended.stderr)
        for (const [i, iteration] of halfway.entries()) assert.isAbove(iteration, before[i])
        assert.deepStrictEqual(isReported, [true, true])
        assert.strictEqual(workers.runsOf(kind).length, 2)
        for (const run of runs) {
          const attempts = readdirSync(join(run, "attempts")).filter((name) => /^\d+\.json$/.test(name))
          assert.deepStrictEqual(attempts, ["0001.json"])
          const { outcome } = JSON.parse(readFileSync(join(run, "attempts", "0001.json"), "utf8"))
          assert.strictEqual(outcome.status, "finished")
        }
        for (const { code, stderr } of logs) {
          assert.strictEqual(code, 0, stderr)
          assert.match(stderr, /cannot reach the queue .*; training continues/)
          assert.match(stderr, /the queue is back/)
        }
      },
      240_000 + 1000 * outageSeconds,
    )
  }
})
