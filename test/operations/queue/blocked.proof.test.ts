/**
 * A training whose event loop is blocked for longer than two leases keeps its claim: its worker renews it. BLOCK_SECONDS lengthens the
 * block.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { type Postgres, postgresMissing, startPostgres } from "../../fixtures/postgres.ts"
import { makeWorkers } from "./workers.ts"

const blockSeconds = Number(process.env.BLOCK_SECONDS ?? 30)
const block = fileURLToPath(new URL("../../fixtures/blockEventLoop.ts", import.meta.url))
const skipped = postgresMissing === "" ? "" : ` (skipped: ${postgresMissing})`

let scratch: string
let postgres: Postgres
let workers: ReturnType<typeof makeWorkers>

/** Trainings block once this file is there. */
const signal = () => join(scratch, "block")

/** Starts a command whose trainings are blocked once. */
const startBlocking = (...words: ReadonlyArray<string>) => {
  const before = { ...process.env }
  Object.assign(process.env, {
    NODE_OPTIONS: `--import=${block}`,
    BLOCK_ONCE_THERE: signal(),
    BLOCK_MS: String(blockSeconds * 1000),
  })
  try {
    return start(...words)
  } finally {
    for (const name of ["NODE_OPTIONS", "BLOCK_ONCE_THERE", "BLOCK_MS"]) delete process.env[name]
    Object.assign(process.env, before)
  }
}

describe.skipIf(postgresMissing !== "")(`a training whose event loop is blocked${skipped}`, () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-blocked-"))
    workers = makeWorkers(scratch)
    postgres = await startPostgres(scratch)
  })
  afterAll(() => {
    postgres.stop()
    rmSync(scratch, { recursive: true, force: true })
  })

  it(
    "keeps its claim, and is not trained by a worker that has a free seat",
    async () => {
      const queue = `--queue=${postgres.address}`
      const words = ["worker", queue, "--threads=1", ...workers.places("blocked")]
      const waiting = start(...workers.ensemble("blocked", 4000), queue)
      // Both members are claimed: the other worker only waits for what falls silent.
      const blocked = startBlocking(...words, "--seats=2")
      await workers.untilTrained("blocked", 2, 25)
      writeFileSync(signal(), "")
      const free = start(...words)
      const ended = await waiting.ended
      assert.strictEqual(ended.code, 0, ended.stderr)
      for (const { child } of [blocked, free]) child.kill("SIGTERM")
      const [log, other] = await Promise.all([blocked.ended, free.ended])
      assert.strictEqual(log.stderr.match(/the event loop is blocked/g)?.length, 2, log.stderr)
      assert.strictEqual(log.stderr.match(/the event loop is free/g)?.length, 2, log.stderr)
      assert.notMatch(other.stderr, /training member/)
      for (const run of workers.runsOf("blocked")) {
        const attempts = readdirSync(join(scratch, "blocked", run, "attempts"))
        assert.deepStrictEqual(
          attempts.filter((name) => /^\d+\.json$/.test(name)),
          ["0001.json"],
        )
      }
    },
    300_000 + 1000 * blockSeconds,
  )
})
