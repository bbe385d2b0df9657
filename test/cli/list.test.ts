/** `list`: columns, sort orders, filters, and the time for a thousand runs. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, type FileSystem, type Path } from "effect"
import { renderRuns } from "../../cli/render/renderRuns.ts"
import { pastTime } from "../../format/pastTime.ts"
import { compareRuns } from "../../operations/compare/Comparison.ts"
import { sortRuns } from "../../inspect/sortRuns.ts"
import { summarize } from "../../inspect/summary.ts"
import { listHeaders } from "../../storage/runHeader.ts"
import { runCommand } from "../fixtures/command.ts"
import { runId, writeRun } from "../fixtures/writeRun.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-list-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const go = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))

describe("list", () => {
  it("shows the validation error of the tested model; sorts by date, error and name, either way; filters and limits", async () => {
    const runsDir = join(scratch, "few")
    writeRun({ runsDir, second: 1, name: "b", validation: [0.3, 0.2, 0.1], tested: 20 })
    writeRun({ runsDir, second: 2, name: "a", validation: [0.4, 0.1] })
    writeRun({ runsDir, second: 3, name: "a", validation: [], status: "failed", unfinished: true })
    const last = writeRun({
      runsDir,
      second: 4,
      name: "c",
      validation: [0.4, 0.5],
      status: "interrupted",
      unfinished: true,
    })
    writeFileSync(join(last, "checkpoints", "iteration-00000007.safetensors"), "")
    const { runs } = await go(listHeaders(runsDir))
    const rows = await go(Effect.forEach(runs, summarize))
    const ids = (by: "date" | "error" | "name", reversed = false) =>
      sortRuns(rows, by, reversed).map(({ id }) => Number(id.slice(13, 15)))
    assert.deepStrictEqual(
      rows.map(({ iteration, validationError }) => [validationError, iteration]),
      [
        [0.2, 30],
        [0.1, 20],
        [null, 0],
        [0.5, 20],
      ],
    )
    assert.deepStrictEqual(ids("date"), [4, 3, 2, 1])
    assert.deepStrictEqual(ids("error"), [2, 1, 4, 3])
    assert.deepStrictEqual(ids("error", true), [4, 1, 2, 3])
    assert.deepStrictEqual(ids("name"), [3, 2, 1, 4])

    const listed = await runCommand(
      "list",
      "--json",
      "--runs-dir",
      runsDir,
      "--status",
      "finished",
      "--sort",
      "error",
      "--reverse",
      "--limit",
      "1",
    )
    assert.deepStrictEqual(
      JSON.parse(listed.stdout).map(({ id }: { id: string }) => id),
      [runId({ second: 1, name: "b" })],
    )
    const none = await runCommand("list", "--runs-dir", runsDir, "--experiment", "none")
    assert.strictEqual(none.stdout.trim(), "none of the 4 runs matches")
  })

  it("shows the iteration of the newest row of metrics, also if it has no checkpoint and the last line is torn", async () => {
    const path = writeRun({
      runsDir: join(scratch, "killed"),
      second: 1,
      validation: [0.5, 0.4],
      status: "interrupted",
      unfinished: true,
    })
    const rows = [30, 40].map((iteration) => JSON.stringify({ split: "train", iteration, error: 0.3 }))
    appendFileSync(join(path, "metrics.ndjson"), `${rows.join("\n")}\n{"split":"train","iteration":50,"err`)
    writeFileSync(join(path, "checkpoints", "iteration-00000020.safetensors"), "")
    const { runs } = await go(listHeaders(join(scratch, "killed")))
    const { checkpoint, iteration, validationError } = await go(summarize(runs[0]))
    assert.deepStrictEqual([iteration, checkpoint, validationError], [40, 20, 0.4])
  })

  it("tells runs of one experiment apart by start and seed, with duration, test error and dataset", async () => {
    const runsDir = join(scratch, "alike")
    for (const second of [1, 2, 3]) writeRun({ runsDir, second, seed: second })
    const { runs } = await go(listHeaders(runsDir))
    const summaries = await go(Effect.forEach(runs, summarize))
    const now = new Date(Date.parse("2026-01-01T00:00:00.000Z") + 3_600_000)
    const started = pastTime(new Date("2026-01-01T00:00:00.000Z"), now)
    const lines = renderRuns(summaries, now).split("\n")
    assert.match(
      lines[0],
      /^run +status +started +dataset +seed +iterations +duration +validation error +test error +engine$/,
    )
    assert.match(lines[1], new RegExp(`finished  ${started}  mnist +1 +20/20 +10 s +25.00 % +50.00 % +onnx$`))
    assert.lengthOf(new Set(lines), 4)
  })

  it("leaves out the least important columns on a narrow terminal", async () => {
    const { runs } = await go(listHeaders(join(scratch, "alike")))
    const summaries = await go(Effect.forEach(runs, summarize))
    const headAt = (columns: number) =>
      renderRuns(summaries, new Date(0), columns).split("\n", 1)[0].split(/ {2,}/)
    assert.deepStrictEqual(headAt(60), ["run", "status", "test error"])
    assert.deepStrictEqual(headAt(80), ["run", "status", "seed", "iterations", "test error"])
    assert.deepStrictEqual(headAt(10), ["run"])
  })

  it("shows the progress of an extended run against the new budget, not the report's", async () => {
    const runsDir = join(scratch, "extended")
    const path = writeRun({ runsDir, second: 1 })
    writeFileSync(join(path, "checkpoints", "iteration-00000027.safetensors"), "")
    const first = JSON.parse(readFileSync(join(path, "attempts", "0001.json"), "utf8"))
    const second = { ...first, number: 2, iterations: 30, outcome: null }
    writeFileSync(join(path, "attempts", "0002.json"), JSON.stringify(second))
    const { runs } = await go(listHeaders(runsDir))
    const { iteration, iterations } = await go(summarize(runs[0]))
    assert.deepStrictEqual([iteration, iterations], [27, 30])
  })

  it("lists and compares a thousand runs within two seconds of processor time", async () => {
    const runsDir = join(scratch, "many")
    for (let i = 0; i < 1000; i++) {
      writeRun({ runsDir, second: i, seed: i >> 1, learningRate: i % 2 === 0 ? 0.1 : 0.2 })
    }
    const [listed, units, cpuMs] = await go(
      Effect.gen(function* () {
        const before = process.cpuUsage()
        const { runs } = yield* listHeaders(runsDir)
        const rows = yield* Effect.forEach(runs, summarize)
        const { units } = yield* compareRuns(runs, [])
        const { system, user } = process.cpuUsage(before)
        return [rows, units, (system + user) / 1000] as const
      }),
    )
    assert.strictEqual(listed.length, 1000)
    assert.strictEqual(listed[0].id, runId({ second: 0 }))
    assert.deepStrictEqual(
      units.map(({ runs }) => runs.length),
      [500, 500],
    )
    // About 400 ms on one core for both commands; the rest is room for other tests on the machine.
    assert.isBelow(cpuMs, 2000)
  })
})
