/** One run through a queue: the bytes, the output and the exit code of the same command without one. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { resultOf } from "../../fixtures/runFiles.ts"
import { makeScratchWorkers } from "./workers.ts"

const { scratch, ...workers } = makeScratchWorkers()

const write = (name: string, value: unknown) => {
  const file = join(scratch, `${name}.ts`)
  writeFileSync(file, `export default ${JSON.stringify(value)}\n`)
  return file
}
const single = write("single", workers.experiment)

const run = (name: string, file: string, ...more: ReadonlyArray<string>) => [
  "run",
  file,
  "--engine=onnx",
  ...workers.places(name),
  ...more,
]
const onlyRunOf = (name: string) => {
  const runs = workers.runsOf(name)
  assert.strictEqual(runs.length, 1)
  return join(scratch, name, runs[0])
}

/** Waits until text is printed. */
const untilPrinted = (running: ReturnType<typeof start>, expected: RegExp) =>
  new Promise<string>((resolve) => {
    let printed = ""
    running.child.stderr?.on("data", (data) => {
      printed += String(data)
      if (expected.test(printed)) resolve(printed)
    })
  })

/** What a report prints, without what differs between two runs. */
const printed = (stdout: string) => {
  const { path: _, run: __, timings: ___, ...same } = JSON.parse(stdout)
  return same
}

describe("run EXPERIMENT --queue", () => {
  it("prints the report and leaves the bytes of the same command without a queue", async () => {
    const words = ["--iterations=120", "--seed=3", "--json"]
    const alone = await runCommand(...run("alone", single, ...words), "--threads=1")
    assert.strictEqual(alone.code, 0, alone.stderr)
    const worker = workers.startWorker("queued")
    const queued = await start(...run("queued", single, ...words), workers.queueOf("queued")).ended
    assert.strictEqual(queued.code, 0, queued.stderr)
    assert.deepStrictEqual(printed(queued.stdout), printed(alone.stdout))
    assert.deepStrictEqual(resultOf(onlyRunOf("queued")), resultOf(onlyRunOf("alone")))
    assert.match(queued.stderr, /queued at .*queued-queue: run .*-tiny-[0-9a-f]{8}\n/)
    assert.match(queued.stderr, /trained by /)
    assert.notMatch(queued.stderr, /NaN/)
    const hidden = readdirSync(join(scratch, "queued")).filter((file) => file.startsWith("."))
    assert.deepStrictEqual(hidden, [])
    worker.child.kill("SIGTERM")
    assert.strictEqual((await worker.ended).code, 0)
  })

  it("ends with the exit code and the reason of a training that fails", async () => {
    const learningRate = { kind: "constant", value: 1e30 }
    const file = write("diverging", {
      ...workers.experiment,
      optimizer: { kind: "sgd", learningRate },
      averaging: undefined,
    })
    const alone = await runCommand(...run("failing-alone", file))
    assert.notStrictEqual(alone.code, 0)
    const worker = workers.startWorker("failing")
    const queued = await start(...run("failing", file), workers.queueOf("failing")).ended
    assert.strictEqual(queued.code, alone.code, queued.stderr)
    const reason = /error: (.*)\n$/.exec(alone.stderr)?.[1] ?? "no error"
    assert.include(queued.stderr, `failed: ${reason}`)
    worker.child.kill("SIGTERM")
    await worker.ended
  })

  it("stays in the queue when it is interrupted, and is followed again", async () => {
    const words = run("followed", single, "--iterations=60")
    const waiting = start(...words, workers.queueOf("followed"))
    const name = /run .*\/(\S+)\n/.exec(await untilPrinted(waiting, /queued\n/))?.[1] ?? ""
    waiting.child.kill("SIGINT")
    const interrupted = await waiting.ended
    assert.strictEqual(interrupted.code, 130, interrupted.stderr)
    assert.include(interrupted.stderr, `resume ${name} --runs-dir`)
    assert.deepStrictEqual(workers.runsOf("followed"), [])
    const [runsDir] = workers.places("followed")
    const again = start("resume", name, runsDir, "--json", workers.queueOf("followed"))
    const worker = workers.startWorker("followed", "--until-empty")
    const { code, stderr, stdout } = await again.ended
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(JSON.parse(stdout).run, name)
    assert.strictEqual((await worker.ended).code, 0)
    assert.deepStrictEqual(workers.runsOf("followed"), [name])
  })
})

describe("run EXPERIMENT --from RUN --queue", () => {
  const shorter = ["--iterations=60", "--threads=1"]
  const longer = "--iterations=120"
  const forksOf = (name: string) =>
    workers.runsOf(name).filter((run) => {
      const { parent } = JSON.parse(readFileSync(join(scratch, name, run, "run.json"), "utf8"))
      return parent !== undefined
    })

  it("begins a fork that a worker without its parent trains, to the bytes of one without a queue", async () => {
    const store = `--store=${join(scratch, "fork-store")}`
    const parent = await runCommand(...run("fork-alone", single, ...shorter))
    assert.strictEqual(parent.code, 0, parent.stderr)
    cpSync(join(scratch, "fork-alone"), join(scratch, "fork"), { recursive: true })
    const alone = await runCommand(...run("fork-alone", single, longer, "--from=latest", "--threads=1"))
    assert.strictEqual(alone.code, 0, alone.stderr)
    const words = ["worker", workers.queueOf("fork"), store, "--threads=1", "--until-empty"]
    const waiting = start(
      ...run("fork", single, longer, "--from=latest", "--json"),
      workers.queueOf("fork"),
      store,
    )
    await untilPrinted(waiting, /queued\n/)
    const worker = await start(...words, ...workers.places("fork-worker")).ended
    const ended = await waiting.ended
    assert.strictEqual(ended.code, 0, ended.stderr + worker.stderr)
    assert.notInclude(worker.stderr, "cannot check for test-set leakage")
    const [[ofAlone], [ofQueue], [ofWorker]] = ["fork-alone", "fork", "fork-worker"].map(forksOf)
    assert.strictEqual(ofWorker, ofQueue)
    const expected = resultOf(join(scratch, "fork-alone", ofAlone))
    assert.deepStrictEqual(resultOf(join(scratch, "fork-worker", ofWorker)), expected)
    assert.deepStrictEqual(resultOf(join(scratch, "fork", ofQueue)), expected)
  })
})

describe("resume RUN --queue", () => {
  it("lets a worker finish a run that was stopped here, to the bytes of one that was not", async () => {
    const words = ["--iterations=2000", "--threads=1"]
    const alone = await runCommand(...run("whole", single, ...words))
    assert.strictEqual(alone.code, 0, alone.stderr)
    const stopped = start(...run("stopped", single, ...words))
    await workers.untilTrained("stopped", 1, 25)
    stopped.child.kill("SIGTERM")
    assert.strictEqual((await stopped.ended).code, 130)
    const worker = workers.startWorker("stopped")
    const [runsDir] = workers.places("stopped")
    const resumed = await start("resume", "latest", runsDir, workers.queueOf("stopped")).ended
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRunOf("stopped")), resultOf(onlyRunOf("whole")))
    const attempts = ["0001.json", "0002.json"].map((name) =>
      JSON.parse(readFileSync(join(onlyRunOf("stopped"), "attempts", name), "utf8")),
    )
    assert.deepStrictEqual(
      attempts.map(({ outcome }) => outcome.status),
      ["interrupted", "finished"],
    )
    worker.child.kill("SIGTERM")
    await worker.ended
  })
})
