/** The rows of a run as its file grows, is renamed and is replaced: each once, and whole lines only. */
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type CurvesPart, openCurves } from "../../dashboard/runs/curves.ts"
import { writeRun } from "../fixtures/writeRun.ts"
import { metricLines } from "./metricLines.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-curves-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const unfinished = (name: string) =>
  writeRun({ runsDir: join(scratch, name), second: 1, status: "interrupted", unfinished: true })

/** A run in training: its folder, the file of its attempt, and how it becomes the run's own when training ends. */
const inTraining = (name: string, lines: string) => {
  const run = unfinished(name)
  rmSync(join(run, "metrics.ndjson"), { force: true })
  mkdirSync(join(run, "metrics"))
  const file = join(run, "metrics", "0001.ndjson")
  writeFileSync(file, lines)
  const publish = () => {
    renameSync(file, join(run, "metrics.ndjson"))
    rmSync(join(run, "metrics"), { recursive: true })
  }
  return { run, file, publish }
}

const iterationsOf = ({ rows }: Pick<CurvesPart, "rows">) => rows.map(([, iteration]) => iteration)

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

const rowsOf = (curves: ReturnType<typeof openCurves>) => {
  const table = curves.table()
  return Array.from({ length: table.length() }, (_, position) => table.row(position))
}

describe("curves of a run", () => {
  it("grow by what is appended, whole lines at a time", () => {
    const run = unfinished("grow")
    const file = join(run, "metrics.ndjson")
    writeFileSync(file, metricLines(1, 3))
    const curves = openCurves(run)
    assert.isTrue(curves.refresh())
    assert.strictEqual(curves.total(), 3)
    assert.isFalse(curves.refresh())
    const { cursor } = curves.since(undefined)
    const next = metricLines(4)
    appendFileSync(file, next.slice(0, 20))
    curves.refresh()
    assert.strictEqual(curves.total(), 3)
    assert.deepStrictEqual(curves.since(cursor), { from: 3, rows: [], total: 3, cursor, hasMore: false })
    appendFileSync(file, next.slice(20))
    curves.refresh()
    assert.deepStrictEqual(iterationsOf({ rows: rowsOf(curves) }), [1, 2, 3, 4])
    const last = curves.since(cursor)
    assert.strictEqual(last.from, 3)
    assert.deepStrictEqual(iterationsOf(last), [4])
    assert.deepInclude(curves.since(last.cursor), { from: 4, rows: [], cursor: last.cursor })
    // A reader in another process knows the cursor too.
    const other = openCurves(run)
    other.refresh()
    assert.deepStrictEqual(other.since(cursor), last)
    for (const unknown of ["", "x", "3-0", "99999-0", "-1-0", "0-1"]) {
      const all = other.since(unknown)
      assert.strictEqual(all.from, 0)
      assert.deepStrictEqual(iterationsOf(all), [1, 2, 3, 4])
    }
  })

  it("of a very long run come thinned at first, and then each row that is new", () => {
    const run = unfinished("thinned")
    const file = join(run, "metrics.ndjson")
    writeFileSync(file, metricLines(1, 70_000))
    const curves = openCurves(run)
    curves.refresh()
    const first = curves.since(undefined)
    assert.isBelow(first.rows.length, 60_000)
    assert.deepInclude(first, { from: 0, total: 70_000, hasMore: false })
    assert.deepInclude(curves.since(first.cursor), { from: 70_000, rows: [], cursor: first.cursor })
    appendFileSync(file, metricLines(70_001, 70_002))
    curves.refresh()
    const next = curves.since(first.cursor)
    assert.deepStrictEqual(iterationsOf(next), [70_001, 70_002])
    assert.deepInclude(next, { from: 70_000, total: 70_002, hasMore: false })
  })

  it("resume when training ends, and start again when a resume has dropped rows", () => {
    const { run } = inTraining("replaced", metricLines(1, 100))
    const curves = openCurves(run)
    curves.refresh()
    const { cursor } = curves.since(undefined)
    const second = join(run, "metrics", "0002.ndjson")
    writeFileSync(second, metricLines(1, 60))
    curves.refresh()
    assert.strictEqual(curves.total(), 60)
    const replaced = curves.since(cursor)
    assert.strictEqual(replaced.from, 0)
    assert.deepStrictEqual(iterationsOf(replaced), upTo(60))
    appendFileSync(second, metricLines(61, 120))
    curves.refresh()
    // The same bytes again: a browser that has 100 rows needs only the others.
    const others = curves.since(cursor)
    assert.strictEqual(others.from, 100)
    assert.deepStrictEqual(iterationsOf(others), upTo(120, 101))
    renameSync(second, join(run, "metrics.ndjson"))
    rmSync(join(run, "metrics"), { recursive: true })
    assert.isFalse(curves.refresh(), "nothing is read again")
    assert.deepStrictEqual(curves.since(cursor), others)
    assert.strictEqual(curves.total(), 120)
  })

  it("are sent at the next look if training ended between reading the file and sending its rows", () => {
    const { file, publish, run } = inTraining("published", metricLines(1, 10))
    const curves = openCurves(run)
    curves.refresh()
    const { cursor } = curves.since(undefined)
    appendFileSync(file, metricLines(11, 12))
    curves.refresh()
    publish()
    assert.deepStrictEqual(curves.since(cursor), { from: 10, rows: [], total: 10, cursor, hasMore: false })
    curves.refresh()
    const next = curves.since(cursor)
    assert.deepInclude(next, { from: 10, total: 12, hasMore: false })
    assert.deepStrictEqual(iterationsOf(next), [11, 12])
  })

  it("of a very long run are sent at the next look too", () => {
    const { publish, run } = inTraining("published-long", metricLines(1, 70_000))
    const curves = openCurves(run)
    curves.refresh()
    publish()
    const first = curves.since(undefined)
    assert.deepInclude(first, { from: 0, rows: [], hasMore: false })
    curves.refresh()
    const next = curves.since(first.cursor)
    assert.deepInclude(next, { from: 0, total: 70_000 })
    assert.strictEqual(iterationsOf(next).at(-1), 70_000)
  })

  it("are sent again from the first if a browser's rows cannot be counted while the file is renamed", () => {
    const { file, publish, run } = inTraining("published-counted", metricLines(1))
    const curves = openCurves(run)
    curves.refresh()
    const { cursor } = curves.since(undefined)
    // More looks than ends of rows are kept.
    for (let iteration = 2; iteration <= 30; iteration++) {
      appendFileSync(file, metricLines(iteration))
      curves.refresh()
    }
    publish()
    const { cursor: next } = curves.since(cursor)
    curves.refresh()
    const all = curves.since(next)
    assert.strictEqual(all.from, 0)
    assert.deepStrictEqual(iterationsOf(all), upTo(30))
  })

  it("skip an overlong line: it is read once for a browser", () => {
    const run = unfinished("overlong")
    const file = join(run, "metrics.ndjson")
    writeFileSync(file, metricLines(1, 2))
    const curves = openCurves(run)
    curves.refresh()
    const { cursor } = curves.since(undefined)
    appendFileSync(file, `${"x".repeat(5 << 20)}\n`)
    curves.refresh()
    const skipped = curves.since(cursor)
    assert.deepInclude(skipped, { from: 2, rows: [], total: 2, hasMore: false })
    assert.notStrictEqual(skipped.cursor, cursor)
    appendFileSync(file, metricLines(3))
    curves.refresh()
    const next = curves.since(skipped.cursor)
    assert.strictEqual(next.from, 2)
    assert.deepStrictEqual(iterationsOf(next), [3])
  })

  it("skip what is no row, and keep a value that is no number", () => {
    const run = unfinished("damaged")
    writeFileSync(
      join(run, "metrics.ndjson"),
      `nonsense\n[]\nnull\n{"split":"train"}\n{"split":"test","iteration":1}\n{"split":"validation","iteration":5,"loss":null,"error":"NaN"}\n`,
    )
    const curves = openCurves(run)
    curves.refresh()
    assert.deepStrictEqual(rowsOf(curves), [[1, 5, null, null, null, null]])
  })
})
