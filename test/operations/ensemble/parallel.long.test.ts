/** Members of an ensemble trained in parallel processes: the same predictions, and safe to stop. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { runCommand } from "../../fixtures/command.ts"
import { resultOf } from "../../fixtures/runFiles.ts"
import { smallMnist } from "../../fixtures/smallMnist.ts"

let scratch: string
let trio: string
let single: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-parallel-"))
  const experiment = smallMnist(join(scratch, "small-mnist"))
  const write = (name: string, value: unknown) => {
    const path = join(scratch, name)
    writeFileSync(path, `export default ${JSON.stringify(value)}\n`)
    return path
  }
  trio = write("trio.ts", { name: "trio", members: [0, 1, 2].map((seed) => ({ ...experiment, seed })) })
  single = write("single.ts", experiment)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const flags = (folder: string, iterations: number) => [
  `--iterations=${iterations}`,
  "--engine=onnx",
  `--runs-dir=${join(scratch, folder)}`,
  `--data-dir=${join(scratch, "data")}`,
]

const iterations = 150

interface Attempt {
  readonly process: { readonly pid: number }
  readonly startedAt: string
  readonly outcome?: { readonly status: string; readonly endedAt: string }
}
/** The runs in a folder by seed, each with its first attempt. */
const runsBySeed = (folder: string) => {
  const runs = join(scratch, folder)
  const names = existsSync(runs) ? readdirSync(runs).filter((name) => /^\d{8}T/.test(name)) : []
  const found = new Map<number, { readonly path: string; readonly attempt: Attempt | undefined }>()
  for (const name of names) {
    const path = join(runs, name)
    const { experiment } = JSON.parse(readFileSync(join(path, "run.json"), "utf8"))
    const attempt = join(path, "attempts", "0001.json")
    found.set(experiment.seed, {
      path,
      attempt: existsSync(attempt) ? JSON.parse(readFileSync(attempt, "utf8")) : undefined,
    })
  }
  return found
}

const trains = (member: number) => new RegExp(`^member ${member} +iteration \\d+/`, "m")

/**
 * Starts a command and calls `act` once while two members train. The one that trains first is paused until the other
 * does.
 */
const startAnd = (folder: string, act: (pid: number) => void, ...args: ReadonlyArray<string>) => {
  const { child, ended } = start(...args)
  const signal = (member: number, name: "SIGSTOP" | "SIGCONT") =>
    process.kill(runsBySeed(folder).get(member - 1)?.attempt?.process.pid ?? Number.NaN, name)
  const paused = new Set<number>()
  let stderr = ""
  child.stderr?.on("data", (data) => {
    if (paused.size === 2) return
    stderr += String(data)
    for (const member of [1, 2]) {
      if (paused.has(member) || !trains(member).test(stderr)) continue
      signal(member, "SIGSTOP")
      paused.add(member)
    }
    if (paused.size < 2) return
    for (const member of paused) signal(member, "SIGCONT")
    act(child.pid ?? Number.NaN)
  })
  return ended
}

describe("members trained in parallel", () => {
  it("are interrupted by one signal, resume together, and give the same result as one after another", async () => {
    const command = ["run", trio, ...flags("parallel", iterations), "--jobs", "2"]
    const interrupted = await startAnd("parallel", (pid) => process.kill(pid, "SIGINT"), ...command)
    assert.strictEqual(interrupted.code, 130, interrupted.stderr)
    assert.match(interrupted.stderr, /error: interrupted by SIGINT/)
    const hints = interrupted.stderr.match(/resume with: .*/g) ?? []
    assert.strictEqual(hints.length, 1, interrupted.stderr)
    assert.match(String(hints[0]), /pnpm pipeline run \S+trio\.ts .*--engine onnx --jobs 2$/)
    const attempts = [...runsBySeed("parallel").values()].map(({ attempt }) => attempt)
    assert.deepStrictEqual(
      attempts.map((attempt) => attempt?.outcome?.status),
      ["interrupted", "interrupted"],
    )
    const [[started], [ended]] = [
      attempts.map((a) => a?.startedAt),
      attempts.map((a) => a?.outcome?.endedAt),
    ].map((times) => times.map(String).toSorted())
    assert.isBelow(Date.parse(started), Date.parse(ended), "the second started before the first ended")

    const [whole, sequential] = [
      await runCommand(...command, "--json"),
      await runCommand("run", trio, ...flags("sequential", iterations), "--json"),
    ]
    assert.strictEqual(whole.code, 0, whole.stderr)
    assert.match(whole.stderr, /^member 1 +resuming /m)
    assert.deepStrictEqual(JSON.parse(whole.stdout).test, JSON.parse(sequential.stdout).test)
    const parallel = runsBySeed("parallel")
    for (const [seed, { path }] of runsBySeed("sequential")) {
      assert.deepStrictEqual(resultOf(parallel.get(seed)?.path ?? ""), resultOf(path))
    }
  })

  it("finish when another one's process is killed, no further one is started, and the error names the killed one", async () => {
    const killMember = () => {
      const pid = runsBySeed("killed").get(0)?.attempt?.process.pid
      assert.isDefined(pid)
      process.kill(pid, "SIGKILL")
    }
    const command = ["run", trio, ...flags("killed", iterations), "--jobs", "2"]
    const failed = await startAnd("killed", killMember, ...command)
    assert.strictEqual(failed.code, 75, failed.stderr)
    assert.match(failed.stderr, /error: member 1: its process was killed by SIGKILL/)
    const runs = runsBySeed("killed")
    assert.deepStrictEqual([...runs.keys()].toSorted(), [0, 1])
    assert.strictEqual(runs.get(1)?.attempt?.outcome?.status, "finished")

    const alone = await runCommand("run", trio, ...flags("killed", iterations), "--member", "1", "--json")
    assert.strictEqual(alone.code, 0, alone.stderr)
    assert.match(alone.stderr, /resuming /)
    assert.strictEqual(JSON.parse(alone.stdout).experiment, "tiny")
    assert.strictEqual(runsBySeed("killed").size, 2)
  })

  it("save a checkpoint and stop when the process that started them is killed", async () => {
    const command = ["run", trio, ...flags("orphans", 5000), "--jobs", "2"]
    const killed = await startAnd("orphans", (pid) => process.kill(pid, "SIGKILL"), ...command)
    assert.strictEqual(killed.signal, "SIGKILL")
    const statuses = () =>
      [...runsBySeed("orphans").values()].map(({ attempt }) => attempt?.outcome?.status ?? "running")
    for (let waited = 0; waited < 20_000 && statuses().includes("running"); waited += 50) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    assert.deepStrictEqual(statuses(), ["interrupted", "interrupted"])
  })

  it("have flags that a single experiment refuses, and an unknown member is refused", async () => {
    for (const flag of ["--jobs=2", "--member=1"]) {
      const refused = await runCommand("run", single, ...flags("never", 10), flag)
      assert.strictEqual(refused.code, 64)
      assert.match(
        refused.stderr,
        new RegExp(
          `${flag.slice(0, -2)} does not apply: \\S*single\\.ts is an experiment, not an ensemble; omit ${flag.slice(0, -2)}`,
        ),
      )
    }
    const both = await runCommand("run", trio, ...flags("never", 10), "--member=1", "--jobs=2")
    assert.strictEqual(both.code, 64)
    assert.match(both.stderr, /--jobs does not apply: --member trains a single member; omit --jobs/)
    const missing = await runCommand("run", trio, ...flags("never", 10), "--member=4")
    assert.strictEqual(missing.code, 64)
    assert.match(missing.stderr, /trio\.ts has no member 4: expected --member 1 to 3/)
    assert.isFalse(existsSync(join(scratch, "never")))
  })
})
