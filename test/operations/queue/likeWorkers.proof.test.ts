/** What a worker trains of what others have made: own code as it was queued, other versions, and other engines. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { resultOf } from "../../fixtures/runFiles.ts"
import { makeScratchWorkers } from "./workers.ts"

const { scratch, ...workers } = makeScratchWorkers()
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const folderOf = (name: string) => workers.queueOf(name).replace("--queue=", "")
const jobsOf = (name: string) => {
  const folder = join(folderOf(name), "jobs")
  return existsSync(folder) ? readdirSync(folder).map((id) => join(folder, id)) : []
}

/** The only job of a queue, once it is there. */
const queuedJob = async (name: string) => {
  const open = join(folderOf(name), "open")
  while (!existsSync(open) || readdirSync(open).length === 0) await pause(20)
  return join(jobsOf(name)[0], "job.json")
}
/** What the tests change in a job or an attempt. */
interface Edited {
  readonly code: Readonly<Record<string, string>>
  readonly engine: object
}
const edit = (file: string, change: (value: Edited) => unknown) =>
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, "utf8")))))

const onlyRunOf = (name: string) => join(scratch, name, workers.runsOf(name)[0])

const source = join(scratch, "experiments")
mkdirSync(source)
cpSync(fileURLToPath(new URL("../../fixtures/ownCode", import.meta.url)), source, { recursive: true })
const own = (name: string, ...more: ReadonlyArray<string>) => [
  "run",
  join(source, "experiment.ts"),
  "--engine=onnx",
  ...workers.places(name),
  ...more,
]

describe("a run with own code in a queue", () => {
  it("is trained by the code that was queued, though the files have changed since, and a changed text is refused", async () => {
    const alone = await runCommand(...own("own-alone", "--threads=1"))
    assert.strictEqual(alone.code, 0, alone.stderr)
    const share = join(source, "share.ts")
    const before = readFileSync(share, "utf8")

    const waiting = start(...own("own"), workers.queueOf("own"))
    await queuedJob("own")
    writeFileSync(share, "export const share = 3")
    const worker = await workers.startWorker("own", "--until-empty").ended
    assert.strictEqual(worker.code, 0, worker.stderr)
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.deepStrictEqual(resultOf(onlyRunOf("own")), resultOf(onlyRunOf("own-alone")))
    writeFileSync(share, before)

    const refused = start(...own("changed"), workers.queueOf("changed"))
    const job = await queuedJob("changed")
    edit(job, ({ code, ...job }) => {
      const [digest, ...others] = Object.keys(code)
      const evil = { [digest]: `${code[digest]}\nprocess.exit(3)\n` }
      return { ...job, code: { ...evil, ...Object.fromEntries(others.map((other) => [other, code[other]])) } }
    })
    await workers.startWorker("changed", "--until-empty").ended
    const { code, stderr } = await refused.ended
    assert.strictEqual(code, 65, stderr)
    assert.match(stderr, /it has another text of its own code \S+; submit it again/)
    assert.deepStrictEqual(workers.runsOf("changed"), [])
  })
})

describe("a run that another kind of worker has begun or queued", () => {
  const single = join(scratch, "single.ts")
  writeFileSync(single, `export default ${JSON.stringify(workers.experiment)}\n`)
  const run = (name: string, ...more: ReadonlyArray<string>) => [
    "run",
    single,
    "--engine=onnx",
    ...workers.places(name),
    ...more,
  ]

  it("on another processor path waits in the queue with the reason, and is finished by a like worker", async () => {
    const whole = await runCommand(...run("path-whole", "--iterations=2000", "--threads=1"))
    assert.strictEqual(whole.code, 0, whole.stderr)
    const stopped = start(...run("path", "--iterations=2000", "--threads=1"))
    await workers.untilTrained("path", 1, 25)
    stopped.child.kill("SIGTERM")
    assert.strictEqual((await stopped.ended).code, 130)
    const attempt = join(onlyRunOf("path"), "attempts", "0001.json")
    const before = readFileSync(attempt, "utf8")
    edit(attempt, (value) => ({ ...value, engine: { ...value.engine, path: "another processor" } }))

    const [runsDir] = workers.places("path")
    const waiting = start("resume", "latest", runsDir, workers.queueOf("path"))
    const worker = workers.startWorker("path")
    const listed = async () => {
      const { stdout } = await runCommand("queue", workers.queueOf("path"), "--json")
      return JSON.parse(stdout)[0] ?? { reason: "" }
    }
    let job = await listed()
    for (let waited = 0; job.reason === "" && waited < 60_000; waited += 200) {
      await pause(200)
      job = await listed()
    }
    assert.strictEqual(job.state, "queued")
    assert.match(
      job.reason,
      /cannot resume .* exactly to the bit on this machine: .*another processor.*; it waits/,
    )
    assert.deepStrictEqual(
      readdirSync(join(onlyRunOf("path"), "attempts")).filter((n) => n.endsWith(".json")),
      ["0001.json"],
    )
    // As on a machine like the first.
    writeFileSync(attempt, before)
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.match(ended.stderr, /queued again: cannot resume/)
    assert.deepStrictEqual(resultOf(onlyRunOf("path")), resultOf(onlyRunOf("path-whole")))
    worker.child.kill("SIGTERM")
    await worker.ended
  })

  it("by another version is trained, and its worker says that results may differ", async () => {
    const waiting = start(...run("version", "--iterations=40"), workers.queueOf("version"))
    edit(await queuedJob("version"), (job) => ({ ...job, tidemark: "0.0.1" }))
    const worker = await workers.startWorker("version", "--until-empty").ended
    assert.strictEqual(worker.code, 0, worker.stderr)
    assert.match(
      worker.stderr,
      /was submitted by tidemark 0\.0\.1, and this is .*: the results of two versions may differ/,
    )
    assert.strictEqual((await waiting.ended).code, 0)
  })
})
