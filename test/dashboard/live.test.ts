/** What a viewer gets while runs go on: fresh, each thing once, also after the server was killed. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { openStreams } from "../../dashboard/events/stream.ts"
import type { Message, RunMessage, RunState, SentRow } from "../../dashboard/messages.ts"
import { openRunLog } from "../../dashboard/runs/logLines.ts"
import { hold } from "../fixtures/hold.ts"
import { runId, writeRun } from "../fixtures/writeRun.ts"
import { metricLines } from "./metricLines.ts"
import { signIn, startDashboard } from "./dashboardProcess.ts"
import { openStream, serve, type StreamedEvent } from "./serve.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-live-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const unfinished = (name: string, second = 1) => {
  const runsDir = join(scratch, name)
  return {
    runsDir,
    id: runId({ second }),
    run: writeRun({ runsDir, second, status: "interrupted", unfinished: true }),
  }
}

const isRun = (message: Message): message is RunMessage => message.kind === "run"

/** The rows that a browser has after these events. */
const rowsAfter = (events: ReadonlyArray<StreamedEvent>): ReadonlyArray<SentRow> =>
  events.reduce<ReadonlyArray<SentRow>>((rows, { message }) => {
    if (!isRun(message) || message.curves === null) return rows
    return message.curves.from === 0 ? message.curves.rows : [...rows, ...message.curves.rows]
  }, [])

describe("log lines", () => {
  it("come once each, without control characters, and again for a new attempt", () => {
    const { run } = unfinished("log")
    mkdirSync(join(run, "log"))
    const entry = (msg: string, level = 30) =>
      `${JSON.stringify({ level, time: "2026-01-01T00:00:00.000Z", stage: "train", msg })}\n`
    writeFileSync(join(run, "log", "0001.ndjson"), `${entry("one")}${entry("\u001B[2Jtwo", 50)}no json\n`)
    const log = openRunLog(run)
    log.refresh()
    const first = log.since(undefined)
    assert.isTrue(first.replaces)
    assert.deepStrictEqual(
      first.lines.map(({ level, text }) => [level, text]),
      [
        ["info", "one"],
        ["error", "\\u001b[2Jtwo"],
      ],
    )
    const cursor = log.cursor()
    assert.deepStrictEqual(log.since(cursor), { replaces: false, lines: [] })
    appendFileSync(join(run, "log", "0001.ndjson"), entry("three"))
    log.refresh()
    assert.deepStrictEqual(
      log.since(cursor).lines.map(({ text }) => text),
      ["three"],
    )
    writeFileSync(join(run, "log", "0002.ndjson"), entry("four"))
    log.refresh()
    const next = log.since(log.cursor().replace("0002", "0001"))
    assert.isTrue(next.replaces)
    assert.deepStrictEqual(
      next.lines.map(({ text }) => text),
      ["four"],
    )
  })
})

describe("an event stream", () => {
  it("shows a row within a second, and sends only what is new", async () => {
    const { id, run, runsDir } = unfinished("fresh")
    writeFileSync(join(run, "metrics.ndjson"), metricLines(1, 5000))
    const child = await hold(run)
    const served = await serve(runsDir)
    const stream = await openStream(served, `run:${id}`)
    try {
      await stream.until(({ message }) => isRun(message) && message.curves?.total === 5000)
      const appendedAt = performance.now()
      appendFileSync(join(run, "metrics.ndjson"), metricLines(5001, 5002))
      const { atMs, message } = await stream.until(
        ({ message }) => isRun(message) && message.curves?.total === 5002,
      )
      assert.isBelow(atMs - appendedAt, 1000)
      assert.deepStrictEqual(
        isRun(message) ? message.curves?.rows.map(([, iteration]) => iteration) : [],
        [5001, 5002],
      )
      assert.strictEqual(openStreams.count, 1)
    } finally {
      await stream.close()
      await served.close()
      child.kill("SIGKILL")
    }
    assert.strictEqual(openStreams.count, 0)
  })

  it("sends a long run part by part: also who was cut off between two parts gets each row once", async () => {
    const { id, run, runsDir } = unfinished("parts")
    writeFileSync(join(run, "metrics.ndjson"), metricLines(1, 5000))
    const served = await serve(runsDir)
    const iterations = (events: ReadonlyArray<StreamedEvent>) =>
      rowsAfter(events).map(([, iteration]) => iteration)
    const all = Array.from({ length: 5000 }, (_, i) => i + 1)
    const isWhole = ({ message }: StreamedEvent) => isRun(message) && message.curves?.total === 5000
    const first = await openStream(served, `run:${id}`)
    await first.until(isWhole)
    await first.close()
    assert.isAbove(first.events.length, 2)
    assert.deepStrictEqual(iterations(first.events), all)
    const [part] = first.events
    const rest = await openStream(served, `run:${id}`, part.id)
    try {
      await rest.until(isWhole)
      assert.deepStrictEqual(iterations([part, ...rest.events]), all)
      assert.isTrue(rest.events.every(({ message }) => isRun(message) && message.detail === null))
    } finally {
      await rest.close()
      await served.close()
    }
  })

  it("goes on by Last-Event-ID after the server was killed: nothing is lost or sent twice", async () => {
    const { id, run, runsDir } = unfinished("restart")
    writeFileSync(join(run, "metrics.ndjson"), metricLines(1, 50))
    const cache = join(scratch, "restart-cache")
    const first = await startDashboard(runsDir, cache)
    const cookie = await signIn(first.address)
    const before = await openStream({ origin: first.origin, cookie }, `runs,run:${id}`)
    await before.until(({ message }) => isRun(message))
    appendFileSync(join(run, "metrics.ndjson"), metricLines(51, 60))
    await before.until(({ message }) => isRun(message) && message.curves?.total === 60)
    await first.kill()
    await before.close()
    appendFileSync(join(run, "metrics.ndjson"), metricLines(61, 75))
    const second = await startDashboard(runsDir, cache, first.port)
    const events = [...before.events]
    const after = await openStream({ origin: second.origin, cookie }, `runs,run:${id}`, events.at(-1)?.id)
    try {
      const { message } = await after.until(({ message }) => isRun(message))
      assert.strictEqual(isRun(message) ? message.curves?.from : undefined, 60)
      const rows = rowsAfter([...events, ...after.events])
      assert.deepStrictEqual(
        rows.map(([, iteration]) => iteration),
        Array.from({ length: 75 }, (_, i) => i + 1),
      )
    } finally {
      await after.close()
      await second.kill()
    }
  })

  it("gives the same by polls", async () => {
    const { id, run, runsDir } = unfinished("polls")
    writeFileSync(join(run, "metrics.ndjson"), metricLines(1, 10))
    const served = await serve(runsDir, { hasStreams: false })
    try {
      assert.strictEqual((await served.get(`/api/events?topics=run:${id}`)).status, 503)
      const poll = async (since: string) => {
        const query = new URLSearchParams({ topics: `run:${id},run:nothing`, since })
        return JSON.parse(await (await served.get(`/api/poll?${query.toString()}`)).text())
      }
      const first = await poll("")
      assert.deepStrictEqual(
        first.messages.map(({ kind }: Message) => kind),
        ["run", "missing"],
      )
      assert.deepStrictEqual((await poll(first.since)).messages, [])
      appendFileSync(join(run, "metrics.ndjson"), metricLines(11, 11))
      const next = await poll(first.since)
      assert.strictEqual(next.messages.length, 1)
      assert.strictEqual(next.messages[0].curves.rows.length, 1)
    } finally {
      await served.close()
    }
  })

  it("has the right states within two seconds: running, killed, stopped, failed, finished, waiting, damaged", async () => {
    const { id, run, runsDir } = unfinished("states")
    const child = await hold(run)
    const served = await serve(runsDir)
    const stream = await openStream(served, "runs")
    const until = async (run: string, state: RunState) => {
      const begun = performance.now()
      await stream.until(
        ({ message }) =>
          message.kind === "runs" && message.rows.some((row) => row.id === run && row.state === state),
      )
      return performance.now() - begun
    }
    try {
      await until(id, "running")
      child.kill("SIGKILL")
      assert.isBelow(await until(id, "killed"), 2000)
      writeRun({ runsDir, second: 2, status: "interrupted", unfinished: true })
      writeRun({ runsDir, second: 3, status: "failed", unfinished: true })
      writeRun({ runsDir, second: 4 })
      writeRun({ runsDir, second: 5, status: "interrupted", unfinished: true })
      mkdirSync(join(runsDir, runId({ second: 6 })))
      mkdirSync(join(runsDir, "schedule"))
      writeFileSync(
        join(runsDir, "schedule", "small.json"),
        JSON.stringify({
          handledUntil: "2026-01-01T00:00:00.000Z",
          open: {
            slot: "2026-01-01T00:00:00.000Z",
            startedAt: "2026-01-01T00:00:00.000Z",
            run: runId({ second: 5 }),
            resumed: false,
            retries: 0,
            missed: 0,
            waiting: true,
          },
          queued: null,
        }),
      )
      for (const [second, state] of [
        [2, "stopped"],
        [3, "failed"],
        [4, "finished"],
        [5, "waiting"],
        [6, "damaged"],
      ] as const) {
        assert.isBelow(await until(runId({ second }), state), 2000, state)
      }
      rmSync(join(runsDir, runId({ second: 4 })), { recursive: true })
      await stream.until(
        ({ message }) => message.kind === "runs" && message.removed.includes(runId({ second: 4 })),
      )
    } finally {
      await stream.close()
      await served.close()
      child.kill("SIGKILL")
    }
  })
})
