/** Workers that share no folder: an ensemble with the bytes of one machine through a store, whatever becomes of workers and store. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { type ObjectServer, serverMissing, setKeys, startObjectServer } from "../../fixtures/objectServers.ts"
import { reached } from "../../fixtures/runFiles.ts"
import { makeScratchWorkers } from "./workers.ts"

const { scratch, ...workers } = makeScratchWorkers()
const iterations = 2500
setKeys()

/** A worker with a runs folder of its own. */
const startWorker = (name: string, queue: string, store: string, ...more: ReadonlyArray<string>) =>
  start("worker", workers.queueOf(queue), `--store=${store}`, "--threads=1", ...workers.places(name), ...more)

const until = async (what: string, isSo: () => boolean, limitMs = 60_000) => {
  for (let waited = 0; waited < limitMs; waited += 20) {
    if (isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`not within ${limitMs / 1000} s: ${what}`)
}

const attemptsOf = (name: string, run: string) =>
  readdirSync(join(scratch, name, run, "attempts")).filter((file) => file.endsWith(".json"))

const resultAlone = async () => {
  if (!existsSync(join(scratch, "alone"))) {
    const alone = await runCommand(...workers.ensemble("alone", iterations), "--threads=1")
    assert.strictEqual(alone.code, 0, alone.stderr)
  }
  return workers.resultsOf("alone")
}

interface Store {
  readonly addressOf: (name: string) => string
  /** The heads that the store has. */
  readonly headsOf: (name: string) => ReadonlyArray<string>
}

/** Waits until the store has a checkpoint of a run that is not finished; the name of the run. */
const untilShared = async (name: string, { headsOf }: Store) => {
  let run = ""
  await until("a shared checkpoint", () => {
    const head = headsOf(name)
      .map((text) => JSON.parse(text))
      .find(({ files }) => {
        const paths = Object.keys(files)
        return paths.some((path) => path.startsWith("checkpoints/")) && !paths.includes("report.json")
      })
    run = head?.run ?? ""
    return head !== undefined
  })
  return run
}

const killedOne = async (name: string, shared: Store) => {
  const store = shared.addressOf(name)
  const words = [
    ...workers.ensemble(`${name}-submitter`, iterations),
    workers.queueOf(name),
    `--store=${store}`,
  ]
  const waiting = start(...words)
  const killed = startWorker(`${name}-first`, name, store)
  const run = await untilShared(name, shared)
  killed.child.kill("SIGKILL")
  await killed.ended

  const last = await startWorker(`${name}-second`, name, store, "--until-empty").ended
  assert.strictEqual(last.code, 0, last.stderr)
  const ended = await waiting.ended
  assert.strictEqual(ended.code, 0, ended.stderr)
  assert.deepStrictEqual(workers.resultsOf(`${name}-second`), await resultAlone())
  assert.deepStrictEqual(workers.resultsOf(`${name}-submitter`), await resultAlone())
  // Resumed, not started again.
  assert.deepStrictEqual(attemptsOf(`${name}-second`, run), ["0001.json", "0002.json"])
  const second = JSON.parse(
    readFileSync(join(scratch, `${name}-second`, run, "attempts", "0002.json"), "utf8"),
  )
  assert.isAbove(second.resumedFrom, 0)

  // A third machine looks at them, from a folder of its own.
  const pulled = await runCommand("pull", `--store=${store}`, ...workers.places(`${name}-reader`).slice(0, 1))
  assert.strictEqual(pulled.code, 0, pulled.stderr)
  assert.deepStrictEqual(workers.resultsOf(`${name}-reader`), await resultAlone())
  const result = `ensemble:pair-${iterations}-iterations`
  const shown = await runCommand("show", result, ...workers.places(`${name}-reader`).slice(0, 1))
  assert.strictEqual(shown.code, 0, shown.stderr)
}

describe("workers that share a store in a folder", () => {
  const addressOf = (name: string) => join(scratch, `${name}-store`)
  const headsOf = (name: string) => {
    const folder = join(addressOf(name), "heads")
    if (!existsSync(folder)) return []
    const names = readdirSync(folder).filter((name) => name.endsWith(".json"))
    return names.map((name) => {
      const later = join(folder, `${name}@`)
      const versions = existsSync(later) ? readdirSync(later).filter((version) => /^\d+$/.test(version)) : []
      return readFileSync(
        versions.length === 0 ? join(folder, name) : join(later, versions.at(-1) ?? ""),
        "utf8",
      )
    })
  }
  const store: Store = {
    addressOf,
    headsOf,
  }
  it("resume what a killed worker has trained, in another folder, to the bytes of one machine", () =>
    killedOne("folder", store))
})

const missing = serverMissing("versitygw")
describe.skipIf(missing !== "")(
  `workers that share a bucket${missing === "" ? "" : ` (skipped: ${missing})`}`,
  () => {
    let server: ObjectServer
    beforeAll(async () => {
      server = await startObjectServer("versitygw", scratch)
    })
    afterAll(() => server.stop())
    const headsOf = (name: string) => {
      const folder = join(scratch, "versitygw", "tidemark", name, "heads")
      if (!existsSync(folder)) return []
      return readdirSync(folder).flatMap((head) =>
        head.startsWith(".") ? [] : [readFileSync(join(folder, head), "utf8")],
      )
    }
    const store: Store = {
      addressOf: (name) => server.addressOf(name),
      headsOf,
    }

    it("resume what a killed worker has trained, in another folder, to the bytes of one machine", () =>
      killedOne("bucket", store))

    it("train on while the bucket is away, and deliver the results when it is back", async () => {
      const address = server.addressOf("away")
      const waiting = start(
        ...workers.ensemble("away-submitter", iterations),
        workers.queueOf("away"),
        `--store=${address}`,
      )
      const worker = startWorker("away-worker", "away", address)
      const run = await untilShared("away", store)
      await server.stop()
      await until("the end of training", () => existsSync(join(scratch, "away-worker", run, "report.json")))
      assert.strictEqual(reached(join(scratch, "away-worker", run)), iterations)
      assert.isNull(worker.child.exitCode)
      // Longer than the retries of one request.
      await new Promise((resolve) => setTimeout(resolve, 12_000))
      await server.start()
      const two = await waiting.ended
      worker.child.kill("SIGTERM")
      const one = await worker.ended
      assert.strictEqual(one.code, 0, one.stderr)
      assert.match(one.stderr, /cannot reach the store .*; training continues/)
      assert.match(one.stderr, /the store is back/)
      assert.strictEqual(two.code, 0, two.stderr)
      assert.deepStrictEqual(workers.resultsOf("away-submitter"), await resultAlone())
      for (const name of workers.runsOf("away-worker"))
        assert.deepStrictEqual(attemptsOf("away-worker", name), ["0001.json"])
    })
  },
)
