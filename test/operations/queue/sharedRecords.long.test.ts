/** Sweeps and schedules over a queue and a store: another machine continues them, and any machine reads them. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Logger } from "effect"
import { shareLocal } from "../../../operations/queue/shareLocal.ts"
import { readRun } from "../../../storage/runDirectory.ts"
import { putRecords } from "../../../storage/share/holdRecords.ts"
import { sweepPlace } from "../../../storage/share/recordPlaces.ts"
import { makeFolderStore } from "../../../storage/store/folderStore.ts"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { makeScratchWorkers } from "./workers.ts"

const { scratch, ...workers } = makeScratchWorkers()
const storeOf = (name: string) => `--store=${join(scratch, `${name}-store`)}`
const runsDirOf = (name: string) => workers.places(name)[0]
const write = (name: string, value: unknown) => {
  const file = join(scratch, `${name}.ts`)
  writeFileSync(file, `export default ${JSON.stringify(value)}\n`)
  return file
}

describe("a sweep in a store", () => {
  const sweep = (name: string, ...more: ReadonlyArray<string>) =>
    runCommand(...workers.sweep(name, "--json", ...more))
  const journalOf = (name: string) => join(scratch, name, "sweeps", "tiny-rates", "journal.ndjson")
  const journal = (name: string) => readFileSync(journalOf(name), "utf8")

  it("is continued on another machine from what is there, to the same journal and result", async () => {
    const alone = await sweep("alone", "--threads=1")
    assert.strictEqual(alone.code, 0, alone.stderr)
    const whole = journal("alone")
    // A process that is gone has measured two trials, and workers have trained all that it asked for.
    writeFileSync(journalOf("alone"), whole.split("\n").slice(0, 5).join("\n") + "\n")
    rmSync(join(journalOf("alone"), "..", "result.json"))
    await Effect.gen(function* () {
      const store = yield* makeFolderStore(join(scratch, "sweep-store"))
      for (const run of workers.runsOf("alone")) {
        yield* shareLocal(store, yield* readRun(join(scratch, "alone", run)))
      }
      yield* putRecords(store, join(scratch, "alone"), sweepPlace("tiny-rates"))
    }).pipe(Effect.provide([NodeServices.layer, Logger.layer([])]), Effect.runPromise)

    const early = await runCommand("pull", "sweep:tiny-rates", storeOf("sweep"), runsDirOf("reader"))
    assert.strictEqual(early.code, 0, early.stderr)
    const refused = await sweep("reader")
    assert.match(
      refused.stderr,
      /^error: cannot change sweep:tiny-rates in .*reader, a copy from .*sweep-store;/,
    )
    const other = await sweep("other", workers.queueOf("sweep"), storeOf("sweep"))
    assert.strictEqual(other.code, 0, other.stderr)
    assert.strictEqual(other.stdout, alone.stdout)
    assert.strictEqual(journal("other"), whole)
    assert.isFalse(existsSync(workers.queueOf("sweep").replace("--queue=", "")))

    const pulled = await runCommand("pull", storeOf("sweep"), runsDirOf("reader"), "--json")
    assert.deepStrictEqual(JSON.parse(pulled.stdout), {
      runs: workers.runsOf("alone").length,
      changed: [],
      records: ["sweeps/tiny-rates"],
    })
    assert.strictEqual(journal("reader"), whole)
    for (const words of [
      ["show", "sweep:tiny-rates"],
      ["show", "sweep:tiny-rates", `--html=${join(scratch, "page.html")}`],
      ["watch", "sweep:tiny-rates"],
      ["compare", "*-tiny-rates-*"],
      ["list"],
    ]) {
      const read = await runCommand(...words, runsDirOf("reader"))
      assert.strictEqual(read.code, 0, `${words.join(" ")}: ${read.stderr}`)
    }
    const missing = await runCommand("pull", "sweep:rates", storeOf("sweep"), runsDirOf("reader"))
    assert.match(missing.stderr, /^error: no sweep:rates in .*sweep-store, which has \d+ runs/)
  })
})

describe("a schedule in a store", () => {
  it("is continued on another machine: its gate finds the champion, which a third one shows", async () => {
    const file = write("nightly", { ...workers.experiment, name: "nightly" })
    const store = storeOf("schedule")
    const queue = workers.queueOf("schedule")
    const worker = start("worker", queue, store, "--threads=1", ...workers.places("worker"))
    const champions: Array<string> = []
    for (const [name, outcome] of [
      ["first", "champion"],
      ["second", "challenger"],
    ]) {
      const words = ["--now", "--iterations=60", "--engine=onnx", "--json", queue, store]
      const { code, stderr, stdout } = await start("schedule", file, ...words, ...workers.places(name)).ended
      assert.strictEqual(code, 0, stderr)
      const recorded = JSON.parse(stdout.trim())
      assert.strictEqual(recorded.outcome, outcome, stdout)
      champions.push(recorded.champion)
    }
    worker.child.kill("SIGTERM")
    assert.strictEqual((await worker.ended).code, 0)
    assert.strictEqual(champions[0], champions[1])
    const pulled = await runCommand("pull", "champion:nightly", store, runsDirOf("third"))
    assert.strictEqual(pulled.code, 0, pulled.stderr)
    const shown = await runCommand("show", "champion:nightly", runsDirOf("third"), "--json")
    assert.strictEqual(JSON.parse(shown.stdout).id, champions[0], shown.stderr)
    const all = await runCommand("pull", store, runsDirOf("third"))
    assert.strictEqual(all.code, 0, all.stderr)
    const history = await runCommand("champion", "nightly", runsDirOf("third"), "--json")
    assert.lengthOf(JSON.parse(history.stdout).scheduledRuns, 2)
    // The other way round: a person goes back, on any machine.
    const refused = await runCommand("promote", "latest", runsDirOf("third"))
    assert.strictEqual(refused.code, 64, refused.stdout)
    const promoted = await runCommand("promote", "latest", store, runsDirOf("third"))
    assert.strictEqual(promoted.code, 0, promoted.stderr)
    const back = await runCommand("rollback", "nightly", store, runsDirOf("first"))
    assert.strictEqual(back.code, 0, back.stderr)
    assert.include(back.stdout, `${champions[0]} is the champion of nightly again`)
  })
})
