/**
 * A worker that is stopped in its first seconds: before it takes signals, before it has claimed a job, between the claim and its
 * process, and while that process starts. Each time it ends at once, and the job is as it was.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { postgresMissing, startPostgres } from "../../fixtures/postgres.ts"
import { makeWorkers } from "./workers.ts"

let scratch: string
let workers: ReturnType<typeof makeWorkers>
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-signals-"))
  workers = makeWorkers(scratch)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Stops worker after worker, each a little later than the one before; how each ended, and how long that took. */
const stopMany = async (name: string, queue: string, store: string, delays: ReadonlyArray<number>) => {
  const ends: Array<{ readonly ended: string; readonly tookMs: number; readonly stderr: string }> = []
  for (const delay of delays) {
    const worker = start("worker", queue, store, "--threads=1", ...workers.places(name))
    await pause(delay)
    const askedAt = performance.now()
    worker.child.kill("SIGTERM")
    const { code, signal, stderr } = await worker.ended
    ends.push({ ended: String(code ?? signal), tookMs: performance.now() - askedAt, stderr })
  }
  return ends
}

const expectHarmless = async (name: string, queue: string) => {
  const store = `--store=${join(scratch, `${name}-store`)}`
  const waiting = start(...workers.ensemble(`${name}-submitter`, 60), queue, store)
  await pause(3000)
  const delays = Array.from({ length: 24 }, (_, i) => 100 + 100 * i)
  const ends = await stopMany(name, queue, store, delays)
  for (const { ended, stderr, tookMs } of ends) {
    // A signal that comes before the program takes any ends it, as it ends any program.
    assert.include(["0", "SIGTERM"], ended, stderr)
    assert.isBelow(tookMs, 10_000)
  }
  const last = await start("worker", queue, store, "--until-empty", ...workers.places(name)).ended
  assert.strictEqual(last.code, 0, last.stderr)
  const ended = await waiting.ended
  assert.strictEqual(ended.code, 0, ended.stderr)
  const slowest = Math.max(...ends.map(({ tookMs }) => tookMs))
  const gaveBack = ends.filter(({ stderr }) => stderr.includes("gave back")).length
  console.log(
    `${name}: ${ends.length} stops, ${gaveBack} hand-overs, the slowest took ${slowest.toFixed(0)} ms`,
  )
}

describe("a worker that is stopped in its first seconds", () => {
  it("gives back what it has claimed from a folder, and that counts as no try", async () => {
    await expectHarmless("files", workers.queueOf("files"))
    const jobs = join(workers.queueOf("files").replace("--queue=", ""), "jobs")
    for (const id of readdirSync(jobs)) {
      for (const file of readdirSync(join(jobs, id)).filter((name) => /^\d{5}\.json$/.test(name))) {
        const entry = JSON.parse(readFileSync(join(jobs, id, file), "utf8"))
        if (entry.entry !== "givenBack") continue
        assert.deepStrictEqual([entry.kills, entry.returns, entry.delayMs], [0, 0, 0], entry.reason)
      }
    }
  }, 300_000)

  it.skipIf(postgresMissing !== "")(
    "gives back what it has claimed from PostgreSQL",
    async ({ onTestFinished }) => {
      const postgres = await startPostgres(join(scratch, "database"))
      onTestFinished(() => postgres.stop())
      await expectHarmless("postgres", `--queue=${postgres.address}`)
    },
    300_000,
  )
})
