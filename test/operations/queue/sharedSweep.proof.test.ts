/** A sweep over a queue and a store, by machines that share no folder, whose process is killed. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { resultOf } from "../../fixtures/runFiles.ts"
import { makeScratchWorkers } from "./workers.ts"

const { scratch, ...workers } = makeScratchWorkers()
const store = `--store=${join(scratch, "store")}`
const queue = workers.queueOf("many")
const folderOf = (name: string) => workers.places(name)[0]

/** Names of runs hold the time. */
const withoutTimes = (text: string) => text.replaceAll(/\d{8}T\d{6}Z/g, "TIME")
const fileOf = (name: string, path: string) => {
  const whole = join(scratch, name, "sweeps", "tiny-rates", path)
  return existsSync(whole) ? withoutTimes(readFileSync(whole, "utf8")) : ""
}
const journal = (name: string) => fileOf(name, "journal.ndjson")
const measured = (name: string) => journal(name).split('"measured"').length - 1

const until = async (isSo: () => boolean) => {
  for (let waited = 0; waited < 60_000; waited += 20) {
    if (isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error("not within a minute")
}

const testedOf = (name: string) =>
  Object.fromEntries(
    workers
      .runsOf(name)
      .map((run) => join(scratch, name, run))
      .filter((path) => existsSync(join(path, "report.json")))
      .map((path) => [withoutTimes(path.slice(scratch.length + name.length + 2)), resultOf(path)]),
  )

describe("a sweep over a queue and a store", () => {
  it("is continued on another machine when its process is killed, with the decisions and the bytes of one process", async () => {
    const alone = await runCommand(...workers.sweep("alone", "--threads=1"))
    assert.strictEqual(alone.code, 0, alone.stderr)
    const worker = start("worker", queue, store, "--threads=1", "--seats=2", ...workers.places("worker"))
    const first = start(...workers.sweep("first", queue, store))
    await until(() => measured("first") >= 2)
    // A machine without a part in it reads how far it is.
    await until(() => readdirSync(join(scratch, "store")).includes("records"))
    const pulled = await runCommand("pull", "sweep:tiny-rates", store, folderOf("reader"))
    assert.strictEqual(pulled.code, 0, pulled.stderr)
    const watched = await runCommand("show", "sweep:tiny-rates", folderOf("reader"), "--json")
    assert.isNull(JSON.parse(watched.stdout).result)
    first.child.kill("SIGKILL")
    await first.ended

    const second = await start(...workers.sweep("second", queue, store, "--json")).ended
    assert.strictEqual(second.code, 0, second.stderr)
    assert.strictEqual(journal("second"), journal("alone"))
    assert.strictEqual(fileOf("second", "result.json"), fileOf("alone", "result.json"))
    assert.deepStrictEqual(testedOf("second"), testedOf("alone"))
    worker.child.kill("SIGTERM")
    assert.strictEqual((await worker.ended).code, 0)

    // Nothing is left to train: a third machine gets the result without a worker.
    const third = await runCommand(...workers.sweep("third", queue, store, "--json"))
    assert.strictEqual(third.code, 0, third.stderr)
    assert.strictEqual(third.stdout, second.stdout)

    const again = await runCommand("pull", "sweep:tiny-rates", store, folderOf("reader"))
    assert.strictEqual(again.code, 0, again.stderr)
    assert.strictEqual(journal("reader"), journal("alone"))
  })
})
