/** Times and speed of training, read from the fields of the log. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readTrainEvents, speedsOf } from "../../inspect/trainEvents.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-log-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()
const line = (attempt: number, second: number, fields: object) =>
  JSON.stringify({ level: 30, time: at(second), attempt, ...fields })

const read = (lines: ReadonlyArray<string>, shared = false) => {
  for (const name of ["log", "log.ndjson"]) rmSync(join(scratch, name), { recursive: true, force: true })
  mkdirSync(join(scratch, "log"))
  // One file an attempt; `shared`: one of all, as older versions wrote.
  const groups = Object.groupBy(lines, (text) =>
    shared ? "log.ndjson" : `log/000${/"attempt":(\d)/.exec(text)?.[1] ?? 1}.ndjson`,
  )
  for (const [name, group] of Object.entries(groups)) {
    writeFileSync(join(scratch, name), (group ?? []).join("\n"))
  }
  return Effect.runPromise(Effect.provide(readTrainEvents(scratch), NodeServices.layer))
}

describe("readTrainEvents", () => {
  it("returns the events of every attempt with their times, whatever the text of the lines", async () => {
    const events = await read([
      line(1, 0, { event: "started", iteration: 0, msg: "any text" }),
      line(1, 4, { event: "evaluated", iteration: 40, msg: "another" }),
      line(2, 9, { event: "started", iteration: 25, msg: "" }),
    ])
    assert.deepStrictEqual(events, [
      { attempt: 1, atMs: Date.parse(at(0)), event: "started", iteration: 0 },
      { attempt: 1, atMs: Date.parse(at(4)), event: "evaluated", iteration: 40 },
      { attempt: 2, atMs: Date.parse(at(9)), event: "started", iteration: 25 },
    ])
  })

  it("reads the one file that older versions wrote for all attempts", async () => {
    const lines = [
      line(1, 0, { event: "started", iteration: 0 }),
      line(2, 9, { event: "started", iteration: 25 }),
    ]
    assert.deepStrictEqual(await read(lines, true), await read(lines))
    assert.lengthOf(await read(lines, true), 2)
  })

  it("skips lines without an event, torn lines, and sentences that look like one", async () => {
    const events = await read([
      line(1, 0, { iteration: 25, msg: "checkpoint saved" }),
      line(1, 1, { iteration: 40, msg: "iteration 40: training error 30.00 %, loss 0.870" }),
      line(1, 2, { msg: "resuming from iteration 80 of 200" }),
      line(1, 3, { event: "another", iteration: 3, msg: "" }),
      '{"level":30,"time":"2026-01-0',
    ])
    assert.deepStrictEqual(events, [])
  })

  it("returns nothing where there is no log", async () => {
    const events = await Effect.runPromise(
      Effect.provide(readTrainEvents(join(scratch, "none.ndjson")), NodeServices.layer),
    )
    assert.deepStrictEqual(events, [])
  })
})

describe("speedsOf", () => {
  it("measures from an attempt's start to its first evaluation, then between evaluations", async () => {
    const events = await read([
      line(1, 0, { event: "started", iteration: 0 }),
      line(1, 2, { iteration: 25, msg: "checkpoint saved" }),
      line(1, 4, { event: "evaluated", iteration: 40 }),
      line(1, 5, { iteration: 40, msg: "checkpoint saved" }),
      line(1, 6, { event: "evaluated", iteration: 80 }),
      line(2, 100, { event: "started", iteration: 50 }),
      line(2, 101, { event: "evaluated", iteration: 80 }),
    ])
    assert.deepStrictEqual(speedsOf(events), [
      { attempt: 1, iteration: 40, iterationsPerSecond: 10 },
      { attempt: 1, iteration: 80, iterationsPerSecond: 20 },
      { attempt: 2, iteration: 80, iterationsPerSecond: 30 },
    ])
  })

  it("gives no speed without a start in the same attempt, nor for two events at one time", async () => {
    const events = await read([
      line(1, 0, { event: "started", iteration: 0 }),
      line(2, 4, { event: "evaluated", iteration: 40 }),
      line(2, 4, { event: "evaluated", iteration: 80 }),
    ])
    assert.deepStrictEqual(speedsOf(events), [])
  })
})
