/** Members of an ensemble trained in parallel processes: the same predictions, and safe to stop. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cliRun, start } from "../../fixtures/cli.ts"
import { resultOf } from "../../fixtures/runFiles.ts"

const tiny = JSON.stringify(fileURLToPath(new URL("../../fixtures/tiny.ts", import.meta.url)))

let scratch: string
let trio: string
let single: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-parallel-"))
  const write = (name: string, value: string) => {
    const path = join(scratch, name)
    writeFileSync(path, `import tiny from ${tiny}\nexport default ${value}\n`)
    return path
  }
  trio = write("trio.ts", `{ name: "trio", members: [0, 1, 2].map((seed) => ({ ...tiny, seed })) }`)
  single = write("single.ts", "tiny")
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const flags = (folder: string, iterations: number) => [
  `--iterations=${iterations}`,
  "--engine=onnx",
  `--runs-dir=${join(scratch, folder)}`,
  `--data-dir=${join(scratch, "data")}`,
]

/** So many that the first member is still training when the second starts, seconds later on a busy machine. */
const iterations = 800

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

/** Starts a command, and calls `act` once, as soon as its standard error matches all of `signs`. */
const startAnd = (
  signs: ReadonlyArray<RegExp>,
  act: (pid: number) => void,
  ...args: ReadonlyArray<string>
) => {
  const { child, ended } = start(...args)
  let stderr = ""
  let isDone = false
  child.stderr?.on("data", (data) => {
    stderr += String(data)
    if (isDone || !signs.every((sign) => sign.test(stderr))) return
    isDone = true
    act(child.pid ?? Number.NaN)
  })
  return ended
}
const trains = (member: number) => new RegExp(`^member ${member} +iteration \\d+/`, "m")

describe("members trained in parallel", () => {
  it("are interrupted by one signal, resume together, and give the same result as one after another", async () => {
    const command = ["run", trio, ...flags("parallel", iterations), "--jobs", "2"]
    const interrupted = await startAnd(
      [trains(1), trains(2)],
      (pid) => process.kill(pid, "SIGINT"),
      ...command,
    )
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
      await cliRun(...command, "--json"),
      await cliRun("run", trio, ...flags("sequential", iterations), "--json"),
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
    const failed = await startAnd([trains(1), trains(2)], killMember, ...command)
    assert.strictEqual(failed.code, 75, failed.stderr)
    assert.match(failed.stderr, /error: member 1: its process was killed by SIGKILL/)
    const runs = runsBySeed("killed")
    assert.deepStrictEqual([...runs.keys()].toSorted(), [0, 1])
    assert.strictEqual(runs.get(1)?.attempt?.outcome?.status, "finished")

    const alone = await cliRun("run", trio, ...flags("killed", iterations), "--member", "1", "--json")
    assert.strictEqual(alone.code, 0, alone.stderr)
    assert.match(alone.stderr, /resuming /)
    assert.strictEqual(JSON.parse(alone.stdout).experiment, "tiny")
    assert.strictEqual(runsBySeed("killed").size, 2)
  })

  it("have flags that a single experiment refuses, and an unknown member is refused", async () => {
    for (const flag of ["--jobs=2", "--member=1"]) {
      const refused = await cliRun("run", single, ...flags("never", 10), flag)
      assert.strictEqual(refused.code, 64)
      assert.match(
        refused.stderr,
        new RegExp(
          `${flag.slice(0, -2)} does not apply: \\S*single\\.ts is an experiment, not an ensemble; omit ${flag.slice(0, -2)}`,
        ),
      )
    }
    const both = await cliRun("run", trio, ...flags("never", 10), "--member=1", "--jobs=2")
    assert.strictEqual(both.code, 64)
    assert.match(both.stderr, /--jobs does not apply: --member trains a single member; omit --jobs/)
    const missing = await cliRun("run", trio, ...flags("never", 10), "--member=4")
    assert.strictEqual(missing.code, 64)
    assert.match(missing.stderr, /trio\.ts has no member 4: expected --member 1 to 3/)
    assert.isFalse(existsSync(join(scratch, "never")))
  })
})
