/**
 * A command that another program started: what it reports on the pipe, and that nothing about the pipe can end it.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Option } from "effect"
import { decodeEvent, type ProcessEvent } from "../../schemas/ProcessEvent.ts"

const cli = fileURLToPath(new URL("../../cli/start.mjs", import.meta.url))
const tiny = fileURLToPath(new URL("../fixtures/tiny.ts", import.meta.url))

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-events-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const start = (fd: string, stdio: ReadonlyArray<"pipe" | "ignore">, ...args: ReadonlyArray<string>) =>
  spawn(process.execPath, [cli, ...args], {
    stdio: [...stdio],
    env: { ...process.env, NO_COLOR: "1", TIDEMARK_EVENTS_FD: fd },
  })
const training = (runs: string) => [
  "run",
  tiny,
  "--iterations=40",
  "--engine=onnx",
  `--runs-dir=${join(scratch, runs)}`,
  `--data-dir=${join(scratch, "data")}`,
]
const withPipe = ["ignore", "pipe", "pipe", "pipe"] as const

const outcomeOf = async (child: ChildProcess) => {
  let stderr = ""
  child.stderr?.on("data", (data) => (stderr += String(data)))
  child.stdout?.resume()
  const events: Array<ProcessEvent> = []
  const pipe = child.stdio[3]
  if (pipe instanceof Readable) {
    createInterface({ input: pipe }).on("line", (line) => events.push(Option.getOrThrow(decodeEvent(line))))
  }
  const [code] = await once(child, "close")
  return { code, stderr, events }
}

describe("a command that reports events", () => {
  it("sends log lines and progress, and prints none of them", async () => {
    const { code, events, stderr } = await outcomeOf(start("3", withPipe, ...training("whole")))
    assert.strictEqual(code, 0, stderr)
    assert.notMatch(stderr, /iteration|fetch/)
    const progress = events.flatMap((event) => (event.event === "progress" ? [event] : []))
    assert.isAbove(progress.length, 1)
    assert.isTrue(
      progress.every(({ batchSize, loss, total }) => batchSize === 30 && total === 40 && loss !== null),
    )
    assert.strictEqual(progress.at(-1)?.iteration, 40)
    const logged = events.flatMap((event) => (event.event === "log" ? [event] : []))
    assert.isTrue(logged.some(({ stage, text }) => stage === "" && text.startsWith("run ")))
    assert.includeMembers(
      logged.map(({ stage }) => stage),
      ["fetch", "train"],
    )
    assert.isFalse(events.some(({ event }) => event === "error"))
  })

  it("sends why it failed: message, class and exit code", async () => {
    const missing = await outcomeOf(start("3", withPipe, "show", "nothing", "--runs-dir", scratch))
    assert.strictEqual(missing.code, 66)
    assert.strictEqual(missing.stderr, "")
    const [error] = missing.events
    assert.deepInclude(error, { event: "error", tag: "RunNotFound", exitCode: 66 })
  })

  it("is not ended by a pipe that breaks or that nobody reads", async () => {
    const broken = start("3", withPipe, ...training("broken"))
    broken.stdio[3]?.destroy()
    const ended = await outcomeOf(broken)
    assert.strictEqual(ended.code, 0, ended.stderr)
    const unread = start("3", withPipe, ...training("unread"))
    unread.stderr?.resume()
    unread.stdout?.resume()
    const [code] = await once(unread, "exit")
    assert.strictEqual(code, 0)
  })

  it("prints text if the variable names no pipe", async () => {
    for (const fd of ["3", "1", "x", "900"]) {
      const { code, stderr } = await outcomeOf(
        start(fd, ["ignore", "pipe", "pipe"], "show", "nothing", "--runs-dir", scratch),
      )
      assert.strictEqual(code, 66)
      assert.match(stderr, /^error: /)
    }
  })
})

it("an event of another version is no event", () => {
  for (const line of ["", "{", '{"event":"later","x":1}', '{"event":"log","level":"info"}']) {
    assert.isTrue(Option.isNone(decodeEvent(line)))
  }
  const log = { event: "log", level: "info", stage: "", text: "a\nb" } as const
  assert.deepStrictEqual(Option.getOrThrow(decodeEvent(JSON.stringify({ ...log, more: 1 }))), log)
})
