/** Commands with a queue in a folder: what they cancel, and which flags they refuse. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { makeFileQueue } from "../../../operations/queue/fileQueue.ts"
import { runCommand } from "../../fixtures/command.ts"
import tiny from "../../fixtures/tiny.ts"
import tinySweep from "../../fixtures/tinySweep.ts"
import { writeRun } from "../../fixtures/writeRun.ts"
import { jobOf } from "./jobs.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-queue-commands-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("queue --cancel", () => {
  it("refuses the beginning of several ids, and cancels by the beginning of one", async () => {
    const folder = join(scratch, "prefixes")
    const ids = ["aa", "ab"].map((beginning) => beginning.padEnd(32, "0"))
    const submit = Effect.flatMap(makeFileQueue(folder, "a"), (queue) =>
      queue.submit(ids.map((id, seed) => jobOf(seed, { id }))),
    )
    await Effect.runPromise(submit.pipe(Effect.provide(NodeServices.layer)))
    const statesOf = async () => {
      const { stdout } = await runCommand("queue", `--queue=${folder}`, "--all", "--json")
      const listed: ReadonlyArray<{ readonly state: string }> = JSON.parse(stdout)
      return listed.map(({ state }) => state)
    }
    const refused = await runCommand("queue", `--queue=${folder}`, "--cancel=a")
    assert.strictEqual(refused.code, 64)
    assert.include(refused.stderr, `--cancel: a is the beginning of 2 ids, expected one: ${ids.join(", ")};`)
    assert.deepStrictEqual(await statesOf(), ["queued", "queued"])
    const cancelled = await runCommand("queue", `--queue=${folder}`, "--cancel=ab")
    assert.strictEqual(cancelled.code, 0, cancelled.stderr)
    assert.deepStrictEqual(await statesOf(), ["queued", "cancelled"])
  })

  it("names what a newer version has written, and cancels the others", async () => {
    const folder = join(scratch, "newer")
    const submit = Effect.flatMap(makeFileQueue(folder, "a"), (queue) => queue.submit([jobOf(1), jobOf(2)]))
    await Effect.runPromise(submit.pipe(Effect.provide(NodeServices.layer)))
    writeFileSync(join(folder, "jobs", jobOf(1).id, "00002.json"), JSON.stringify({ entry: "paused" }))
    const { code, stderr, stdout } = await runCommand("queue", `--queue=${folder}`, "--cancel=all", "--json")
    assert.strictEqual(code, 65, stderr)
    assert.include(stderr, `cannot cancel ${jobOf(1).what}: written by a newer version of tidemark`)
    const listed: ReadonlyArray<{ readonly state: string }> = JSON.parse(stdout)
    assert.deepStrictEqual(
      listed.map(({ state }) => state),
      ["queued", "cancelled"],
    )
  })
})

describe("list --queue", () => {
  it("shows runs that wait for a worker as queued, and counts the jobs without a run", async () => {
    const [folder, runsDir] = [join(scratch, "listed-queue"), join(scratch, "listed")]
    const unfinished = { runsDir, validation: [], unfinished: true } as const
    const [waits, stopped] = ["waits", "stopped"].map((name, second) =>
      basename(writeRun({ ...unfinished, name, second, status: "interrupted" })),
    )
    writeRun({ runsDir, second: 3, name: "done", validation: [0.1] })
    const submit = Effect.flatMap(makeFileQueue(folder, "a"), (queue) =>
      queue.submit([jobOf(1, { run: waits, id: "1".padEnd(32, "0") }), jobOf(2)]),
    )
    await Effect.runPromise(submit.pipe(Effect.provide(NodeServices.layer)))
    const list = (...more: ReadonlyArray<string>) =>
      runCommand("list", `--runs-dir=${runsDir}`, `--queue=${folder}`, ...more)
    const states = JSON.parse((await list("--json")).stdout).map((row: { id: string; status: string }) => [
      row.id,
      row.status,
    ])
    assert.deepStrictEqual(Object.fromEntries(states)[waits], "queued")
    assert.deepStrictEqual(Object.fromEntries(states)[stopped], "interrupted")
    const { stdout } = await list("--status=queued")
    assert.match(stdout, /waits-\S+ +queued/)
    assert.include(
      stdout,
      `1 of 3 runs\n1 queued job has no run here yet; \`pnpm pipeline queue --queue ${folder}\` lists it\n`,
    )
  })
})

describe("a schedule file", () => {
  it("is refused with --queue if it sets threads, which the workers have", async () => {
    const file = join(scratch, "schedule.ts")
    const single = join(scratch, "threads.ts")
    writeFileSync(single, `export default ${JSON.stringify(tiny)}\n`)
    const experiments = [{ file: single, cron: "0 2 * * *", threads: 2 }]
    writeFileSync(file, `export default ${JSON.stringify({ experiments })}\n`)
    const places = ["--queue", "--runs-dir", "--data-dir"].map(
      (name) => `${name}=${join(scratch, "s", name)}`,
    )
    const { code, stderr } = await runCommand("schedule", file, "--now", ...places)
    assert.strictEqual(code, 65, stderr)
    assert.include(
      stderr,
      "threads of tiny does not apply: the workers of --queue have their own; omit threads",
    )
  })
})

describe("a command whose runs the workers of a queue train", () => {
  it("refuses flags that its workers have: threads, processes and a single member", async () => {
    const write = (name: string, value: unknown) => {
      const file = join(scratch, name)
      writeFileSync(file, `export default ${JSON.stringify(value)}\n`)
      return file
    }
    const pair = write("pair.ts", { name: "pair", members: [0, 1].map((seed) => ({ ...tiny, seed })) })
    const sweep = write("sweep.ts", tinySweep)
    const single = write("single.ts", tiny)
    const refusals = [
      [["run", pair], "--threads=2", /--threads does not apply: the workers of --queue have their own/],
      [["run", pair], "--jobs=2", /--jobs does not apply: the workers of --queue train the members/],
      [["run", pair], "--member=1", /--member does not apply: the workers of --queue train the members/],
      [["run", single], "--threads=2", /--threads does not apply: the workers of --queue have their own/],
      [
        ["resume", "latest"],
        "--iterations=2",
        /--iterations does not apply: a worker of --queue resumes the/,
      ],
      [["resume", "latest"], "--engine=onnx", /--engine does not apply: a worker of --queue resumes the run/],
      [["sweep", sweep], "--threads=2", /--threads does not apply: the workers of --queue have their own/],
      [["sweep", sweep], "--jobs=2", /--jobs does not apply: the workers of --queue train the trials/],
      [
        ["schedule", single, "--now"],
        "--threads=2",
        /--threads does not apply: the workers of --queue have their own/,
      ],
    ] as const
    for (const [words, flag, message] of refusals) {
      const folders =
        words[0] === "resume" ? ["--queue", "--runs-dir"] : ["--queue", "--runs-dir", "--data-dir"]
      const places = folders.map((name) => `${name}=${join(scratch, "q", name)}`)
      const { code, stderr } = await runCommand(...words, flag, ...places)
      assert.strictEqual(code, 64, `${words.join(" ")} ${flag}: ${stderr}`)
      assert.match(stderr, message)
    }
  })
})
