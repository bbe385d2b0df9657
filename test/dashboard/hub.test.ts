/** What is sent when something changes: only that, and what others no longer know is read again. */
import fs, { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { decodeCursors, decodeTopics, openHub } from "../../dashboard/events/hub.ts"
import type { RunsMessage } from "../../dashboard/messages.ts"
import { openRunDetail } from "../../dashboard/runs/runDetail.ts"
import { openRunsTable } from "../../dashboard/runs/runsTable.ts"
import { SweepRecord } from "../../schemas/Sweep.ts"
import { currentProcess } from "../../storage/lock/processIdentity.ts"
import { hold } from "../fixtures/hold.ts"
import { judged, scheduledRun, writeHistory } from "../fixtures/scheduledRuns.ts"
import { byRate, define, play } from "../fixtures/simulatedSweep.ts"
import { runId, writeRun } from "../fixtures/writeRun.ts"
import { writeSweep } from "../fixtures/writeSweep.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-hub-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))

/** A browser that follows the table of runs: each call gets what is new. */
const followRuns = async (runsDir: string, queued?: () => ReadonlySet<string>) => {
  const hub = await run(openHub(runsDir, queued))
  let cursors = decodeCursors("")
  return async (): Promise<RunsMessage | undefined> => {
    // Two looks at once are one.
    await new Promise((resolve) => setTimeout(resolve, 250))
    const found = await run(hub.messagesSince(["runs"], cursors))
    ;({ cursors } = found)
    const [event] = found.events
    return event?.message.kind === "runs" ? event.message : undefined
  }
}

const untilNews = async (
  next: () => Promise<RunsMessage | undefined>,
  isWanted: (message: RunsMessage) => boolean,
) => {
  for (let i = 0; i < 20; i++) {
    const message = await next()
    if (message !== undefined && isWanted(message)) return message
  }
  throw new Error("no such message")
}

const encodeRecord = Schema.encodeSync(Schema.fromJsonString(SweepRecord))

describe("the table of runs", () => {
  it("is not sent again when a sweep has another record", async () => {
    const runsDir = join(scratch, "sweep")
    for (let second = 1; second <= 5; second++) writeRun({ runsDir, second })
    const definition = define({ kind: "random" }, 4)
    const { records } = play(definition, byRate)
    const folder = writeSweep(runsDir, definition, records.slice(0, 5))
    const next = await followRuns(runsDir)
    const first = await next()
    const before = first?.collections
    assert.strictEqual(first?.rows.length, 5)
    assert.strictEqual(before?.sweeps[0].measured, 1)
    appendFileSync(join(folder, "journal.ndjson"), `${encodeRecord(records[5])}\n`)
    const second = await next()
    const after = second?.collections
    assert.strictEqual(after?.sweeps[0].measured, 2)
    assert.notStrictEqual(after?.sweeps[0].version, before?.sweeps[0].version)
    assert.strictEqual(after?.championsVersion, before?.championsVersion)
    assert.deepStrictEqual(second?.rows, [])
    assert.isFalse(second?.replaces)
    assert.isUndefined(await next())
  })

  it("shows a run that waits in a queue as queued until a worker resumes it", async () => {
    const runsDir = join(scratch, "queued")
    for (const second of [1, 2]) writeRun({ runsDir, second, status: "interrupted", unfinished: true })
    writeRun({ runsDir, second: 3 })
    let queued: ReadonlySet<string> = new Set<string>()
    const next = await followRuns(runsDir, () => queued)
    const statesOf = (message: RunsMessage | undefined) => message?.rows.map(({ id, state }) => [id, state])
    assert.deepStrictEqual(statesOf(await next()), [
      [runId({ second: 3 }), "finished"],
      [runId({ second: 2 }), "stopped"],
      [runId({ second: 1 }), "stopped"],
    ])
    queued = new Set([runId({ second: 2 }), runId({ second: 3 })])
    assert.deepStrictEqual(statesOf(await next()), [
      [runId({ second: 3 }), "finished"],
      [runId({ second: 2 }), "queued"],
    ])
    queued = new Set<string>()
    assert.deepInclude(statesOf(await next()) ?? [], [runId({ second: 2 }), "stopped"])
    assert.isUndefined(await next())
  })

  it("marks a new champion: its row and that of the champion before are sent", async () => {
    const runsDir = join(scratch, "champion")
    for (let second = 1; second <= 3; second++) writeRun({ runsDir, second })
    const promote = (second: number) => {
      mkdirSync(join(runsDir, "champions"), { recursive: true })
      writeFileSync(join(runsDir, "champions", "small.new"), `${runId({ second })}\n`)
      fs.renameSync(join(runsDir, "champions", "small.new"), join(runsDir, "champions", "small"))
    }
    promote(1)
    const next = await followRuns(runsDir)
    const marked = (message: RunsMessage | undefined) =>
      message?.rows.map(({ championOf, id }) => [id, championOf]).sort()
    assert.deepStrictEqual(marked(await next()), [
      [runId({ second: 1 }), "small"],
      [runId({ second: 2 }), null],
      [runId({ second: 3 }), null],
    ])
    promote(2)
    assert.deepStrictEqual(marked(await next()), [
      [runId({ second: 1 }), null],
      [runId({ second: 2 }), "small"],
    ])
  })

  it("has runs in the order in which they started, also where a clock was wrong", async () => {
    const runsDir = join(scratch, "order")
    writeRun({ runsDir, second: 30 })
    const later = writeRun({ runsDir, second: 10 })
    const identity = JSON.parse(fs.readFileSync(join(later, "run.json"), "utf8"))
    const orderedAt = "2026-01-01T00:00:30.001Z"
    writeFileSync(join(later, "run.json"), JSON.stringify({ ...identity, orderedAt }))
    const next = await followRuns(runsDir)
    const rows = (await next())?.rows ?? []
    assert.deepStrictEqual(
      rows.map(({ id, orderedAt }) => [id, orderedAt]),
      [
        [runId({ second: 10 }), orderedAt],
        [runId({ second: 30 }), null],
      ],
    )
  })

  it("has what a schedule does at present, also after its process was killed", async () => {
    const runsDir = join(scratch, "schedule")
    const id = runId({ second: 7 })
    const path = writeRun({ runsDir, second: 7, status: "interrupted", unfinished: true })
    const { scheduledAt, startedAt } = scheduledRun(26, {})
    writeHistory(runsDir, {
      scheduledRuns: [scheduledRun(25, { accuracy: 0.9 })],
      events: [judged(25, true, 0.9)],
      open: { scheduledAt, startedAt, run: id, resumed: false, retries: 0, missed: 0, waiting: false },
    })
    const child = await hold(path)
    try {
      const next = await followRuns(runsDir)
      const summary = ({ collections }: RunsMessage) => collections?.champions[0]?.summary.join("; ") ?? ""
      assert.include(summary(await untilNews(next, (message) => summary(message) !== "")), "is running")
      child.kill("SIGKILL")
      const after = await untilNews(next, (message) => summary(message) !== "")
      assert.include(summary(after), "is not finished")
    } finally {
      child.kill("SIGKILL")
    }
  })
})

describe("positions of a browser", () => {
  it("of all that it can follow fit into an address", async () => {
    const runsDir = join(scratch, "many")
    const name = "n".repeat(64)
    const ids = Array.from({ length: 47 }, (_, second) => runId({ second, name }))
    for (let second = 0; second < 47; second++) writeRun({ runsDir, second, name })
    const topics = ["runs", ...ids.map((id) => `run:${id}`)]
    assert.strictEqual(decodeTopics(topics.join(",")).length, 48)
    const hub = await run(openHub(runsDir))
    const { events } = await run(hub.messagesSince(topics, decodeCursors("")))
    const last = events.at(-1)?.id ?? ""
    const address = `/api/events?topics=${encodeURIComponent(topics.join(","))}&since=${encodeURIComponent(last)}`
    assert.isBelow(address.length, 8192)
    assert.deepStrictEqual((await run(hub.messagesSince(topics, decodeCursors(last)))).events, [])
  })
})

describe("a run that has ended", () => {
  it("is not read again while somebody looks at it", async () => {
    const runsDir = join(scratch, "ended")
    const path = writeRun({ runsDir, second: 1 })
    const old = new Date(Date.now() - 60_000)
    for (const folder of [path, join(path, "attempts"), join(path, "checkpoints")]) {
      mkdirSync(folder, { recursive: true })
      utimesSync(folder, old, old)
    }
    const detail = openRunDetail(path, 0)
    const { readFileSync } = fs
    let files = 0
    Object.assign(fs, {
      readFileSync: (...words: Parameters<typeof readFileSync>) => {
        files++
        return readFileSync(...words)
      },
    })
    syncBuiltinESMExports()
    try {
      const { cursor, message } = await run(detail.since("", (row) => row))
      assert.isDefined(message)
      assert.isAbove(files, 0)
      files = 0
      const again = await run(detail.since(cursor, (row) => row))
      assert.isUndefined(again.message)
      assert.strictEqual(files, 0)
      // It becomes the champion: its files are the same.
      const champion = await run(detail.since(cursor, (row) => ({ ...row, championOf: "small" })))
      assert.strictEqual(champion.message?.detail?.row.championOf, "small")
      assert.strictEqual(files, 0)
      // A file of it is replaced.
      utimesSync(path, new Date(), new Date(Date.now() - 10_000))
      await run(detail.since(cursor, (row) => row))
      assert.isAbove(files, 0)
    } finally {
      Object.assign(fs, { readFileSync })
      syncBuiltinESMExports()
    }
  })

  it("with a kill has its metrics read once, and is seen at once when a process takes it again", async () => {
    const runsDir = join(scratch, "killed")
    const path = writeRun({ runsDir, second: 1, status: "interrupted", unfinished: true, validation: [0.5] })
    const attempt = join(path, "attempts", "0001.json")
    const writeProcess = (process: object) => {
      const text = JSON.parse(fs.readFileSync(attempt, "utf8"))
      writeFileSync(attempt, JSON.stringify({ ...text, process, outcome: null }))
    }
    writeProcess({ ...currentProcess(), pid: 4_194_301 })
    const old = new Date(Date.now() - 60_000)
    for (const folder of [path, join(path, "attempts"), join(path, "checkpoints")]) {
      mkdirSync(folder, { recursive: true })
      utimesSync(folder, old, old)
    }
    const table = openRunsTable(runsDir)
    const { openSync } = fs
    let metrics = 0
    Object.assign(fs, {
      openSync: (...words: Parameters<typeof openSync>) => {
        if (String(words[0]).endsWith("metrics.ndjson")) metrics++
        return openSync(...words)
      },
    })
    syncBuiltinESMExports()
    const look = async () => {
      // One round of all.
      for (let i = 0; i < 3; i++) await run(table.refresh())
      return table.rowsSince(0).map(({ state, validationError }) => [state, validationError])
    }
    try {
      assert.deepStrictEqual(await look(), [["killed", 0.5]])
      assert.strictEqual(metrics, 1)
      assert.deepStrictEqual(await look(), [["killed", 0.5]])
      assert.strictEqual(metrics, 1)
      // The same attempt, whose process only seemed to be gone: no file has another name.
      writeProcess(currentProcess())
      assert.deepStrictEqual(await look(), [["running", 0.5]])
    } finally {
      Object.assign(fs, { openSync })
      syncBuiltinESMExports()
    }
  })
})
