/** The history of scheduled runs: what the terminal and the page show of the records. */
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { parseHTML } from "linkedom"
import { readHistory } from "../../../operations/schedule/History.ts"
import { readJobState } from "../../../operations/schedule/Journal.ts"
import { historyPage } from "../../../views/history/historyPage.ts"
import { summarize } from "../../../operations/schedule/describe.ts"
import { writeHistoryPage } from "../../../views/history/writeHistoryPage.ts"
import type { ChampionEvent } from "../../../schemas/Champion.ts"
import type { ScheduledRun } from "../../../schemas/ScheduledRun.ts"
import { unbroken } from "../../../format/unbroken.ts"
import { judged, scheduledRun, type RecordedHistory, writeHistory } from "../../fixtures/scheduledRuns.ts"
import { runId, writeRun } from "../../fixtures/writeRun.ts"

/** Writes these records into a runs folder. */
const left = (scheduledRuns: RecordedHistory) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const runsDir = yield* fs.makeTempDirectoryScoped()
    writeHistory(runsDir, scheduledRuns)
    return runsDir
  })

const go = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices | import("effect").Scope.Scope>) =>
  effect.pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const read = (what: RecordedHistory) =>
  Effect.map(Effect.flatMap(left(what), readHistory), ([history]) => history)

describe("the summary of an experiment", () => {
  const cases: ReadonlyArray<readonly [Partial<ScheduledRun>, string]> = [
    [{}, "2026-03-28 02:30 Europe/Prague: new champion run-28: a reason"],
    [
      { outcome: "challenger", reasons: ["worse", "too slow"] },
      "2026-03-28 02:30 Europe/Prague: the champion stays; run-28 is a challenger: worse; too slow",
    ],
    [
      { outcome: "failed", retries: 2, missed: 1 },
      "2026-03-28 02:30 Europe/Prague: failed, the champion stays: a reason (retried 2 times; missed one scheduled run before it)",
    ],
    [
      { outcome: "failed", champion: null, run: null },
      "2026-03-28 02:30 Europe/Prague: failed, there is no champion: a reason",
    ],
    [
      { outcome: "timeLimit", reasons: ["stopped after 60 minutes, its time limit"] },
      "2026-03-28 02:30 Europe/Prague: stopped after 60 minutes, its time limit; the next scheduled run resumes run-28",
    ],
    [{ outcome: "skipped", run: null }, "2026-03-28 02:30 Europe/Prague: skipped: a reason"],
    [
      { outcome: "missed", missed: 4 },
      "2026-03-28 02:30 Europe/Prague: missed: a reason (missed 4 scheduled runs before it)",
    ],
    [
      { resumed: true, dataset: { digest: "d", changed: true } },
      "2026-03-28 02:30 Europe/Prague: new champion run-28: a reason (the dataset changed; resumed an earlier run)",
    ],
  ]
  it.effect.each(cases)("describes a scheduled run with its reason: %j", ([changes, line]) =>
    go(
      Effect.map(read({ scheduledRuns: [scheduledRun(27, {}), scheduledRun(28, changes)] }), (history) => {
        assert.deepStrictEqual(summarize(history), [line])
      }),
    ),
  )

  it.effect("shows the time in the time zone of the run, also on the day the clocks change", () =>
    go(
      Effect.gen(function* () {
        const scheduledAt = "2026-03-29T01:30:00.000Z"
        assert.match(
          summarize(yield* read({ scheduledRuns: [scheduledRun(29, { scheduledAt })] }))[0],
          /^2026-03-29 03:30 Europe\/Prague: /,
        )
        const { timezone: _, ...old } = scheduledRun(29, { scheduledAt })
        assert.match(summarize(yield* read({ scheduledRuns: [old] }))[0], /^2026-03-29 01:30 UTC: /)
        const unknown = scheduledRun(29, { scheduledAt, timezone: "Mars/Olympus" })
        assert.match(summarize(yield* read({ scheduledRuns: [unknown] }))[0], /2026-03-29/)
      }),
    ),
  )

  it.effect("names a manual change of the champion after the last run, not one before it", () =>
    go(
      Effect.gen(function* () {
        const moved = (day: number): ChampionEvent => ({
          kind: "rolledBack",
          at: `2026-03-${day}T07:00:00.000Z`,
          experiment: "small",
          run: "run-1",
          before: "run-28",
          reason: "odd on our scans",
        })
        const scheduledRuns = [scheduledRun(28, {})]
        const after = yield* read({ scheduledRuns, events: [judged(28, true, 0.9), moved(28)] })
        assert.strictEqual(
          summarize(after)[1],
          "since then, 2026-03-28 07:00 UTC: rolled back to run-1: odd on our scans",
        )
        assert.deepStrictEqual(
          [after.champion?.run, after.champion?.why],
          ["run-1", "rolled back: odd on our scans"],
        )
        assert.lengthOf(
          summarize(yield* read({ scheduledRuns, events: [moved(27), judged(28, true, 0.9)] })),
          1,
        )
      }),
    ),
  )

  it.effect("describes a run that is not finished, and counts a recorded one as finished", () =>
    go(
      Effect.gen(function* () {
        const open = {
          scheduledAt: scheduledRun(28, {}).scheduledAt,
          startedAt: "2025-12-31T00:00:00.000Z",
          run: null,
          resumed: false,
          retries: 0,
          missed: 0,
          waiting: false,
        }
        const runsDir = yield* left({ scheduledRuns: [scheduledRun(27, {})], open })
        const second = 7
        writeRun({ runsDir, second, status: "interrupted", unfinished: true })
        const [history] = yield* readHistory(runsDir)
        assert.deepStrictEqual(history.unfinished, {
          scheduledAt: open.scheduledAt,
          run: runId({ second }),
          state: "stopped",
        })
        assert.match(
          summarize(history)[1],
          /^the run of 2026-03-28 02:30 Europe\/Prague is not finished \(.*\); the schedule resumes it when it starts again$/,
        )
        assert.isNull((yield* read({ scheduledRuns: [scheduledRun(28, {})], open })).unfinished)
        const stopped = yield* read({ scheduledRuns: [scheduledRun(28, { outcome: "timeLimit" })], open })
        assert.strictEqual(stopped.unfinished?.state, "waiting")
        assert.lengthOf(summarize(stopped), 1)
      }),
    ),
  )

  it.effect("reads the files of the first version, with its names", () =>
    go(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const runsDir = yield* fs.makeTempDirectoryScoped()
        yield* fs.makeDirectory(join(runsDir, "schedule"))
        yield* fs.writeFileString(
          join(runsDir, "schedule.ndjson"),
          `{"experiment":"cnn","slot":"2026-01-01T01:30:00.000Z","startedAt":null,"endedAt":"2026-01-01T01:30:00.000Z","outcome":"skipped","run":null,"resumed":false,"retries":0,"missed":0,"exitCode":null,"reasons":["the night before was still going on"],"accuracy":null,"champion":null,"dataset":null}\n`,
        )
        const open = `{"slot":"2026-01-02T01:30:00.000Z","startedAt":null,"run":null,"resumed":false,"retries":0,"missed":0,"waiting":false}`
        yield* fs.writeFileString(
          join(runsDir, "schedule", "cnn.json"),
          `{"handledUntil":"2026-01-02T01:30:00.000Z","open":${open},"queued":{"slot":"2026-01-03T01:30:00.000Z","missed":1}}`,
        )
        const [history] = yield* readHistory(runsDir)
        assert.strictEqual(history.scheduledRuns[0].scheduledAt, "2026-01-01T01:30:00.000Z")
        assert.strictEqual(history.unfinished?.scheduledAt, "2026-01-02T01:30:00.000Z")
        const state = yield* readJobState(runsDir, "cnn")
        assert.deepStrictEqual(state?.queued, { scheduledAt: "2026-01-03T01:30:00.000Z", missed: 1 })
      }),
    ),
  )

  it.effect("includes an experiment whose runs all failed, without a champion", () =>
    go(
      Effect.gen(function* () {
        const history = yield* read({
          scheduledRuns: [scheduledRun(27, { outcome: "failed", champion: null })],
        })
        assert.deepStrictEqual([history.experiment, history.champion], ["small", null])
      }),
    ),
  )
})

describe("the history page", () => {
  const scheduledRuns = [
    scheduledRun(25, { accuracy: 0.9 }),
    scheduledRun(26, { outcome: "challenger", accuracy: 0.85, reasons: ["a verdict"] }),
    scheduledRun(28, { outcome: "skipped", run: null, startedAt: null }),
    scheduledRun(27, { outcome: "failed", reasons: [`<script>alert("x")</script>`] }),
  ]
  const events = [judged(25, true, 0.9), judged(26, false, 0.85)]

  it.effect("lists every scheduled run, latest first, with its reason, and loads nothing", () =>
    go(
      Effect.gen(function* () {
        const history = yield* read({ scheduledRuns, events })
        const page = historyPage([history], (run) => run === "run-25")
        assert.deepStrictEqual(
          [...page.matchAll(/<span class="whole">(.*?)<\/span>/g)].map(([, when]) => when),
          ["2026-03-28 02:30", "2026-03-27 02:30", "2026-03-26 02:30", "2026-03-25 02:30"],
        )
        assert.include(page, "Scheduled runs, latest first (time zone: Europe/Prague)")
        assert.notInclude(page, "<script")
        assert.include(page, "&lt;script&gt;alert(")
        assert.notMatch(page, /(?:src|href)="(?:https?:)?\/\//)
        assert.include(page, `<a href="run-25/report.html">run-25</a>`)
        assert.notInclude(page, "run-26/report.html")
        // What needs attention, and the last run that gave a model.
        assert.match(
          page,
          /small failed: .*; the last trained model is from 2026-03-26 02:30 Europe\/Prague\./s,
        )
      }),
    ),
  )

  it.effect(
    "names its champion, prints each reason once, leaves out empty columns, and joins alike runs",
    () =>
      go(
        Effect.gen(function* () {
          const missed = [1, 2, 3].map((day) =>
            scheduledRun(day, { outcome: "missed", run: null, startedAt: null, reasons: ["off"] }),
          )
          const history = yield* read({ scheduledRuns: [...missed, ...scheduledRuns], events })
          const page = historyPage([history], () => false)
          assert.include(page, "<h1>small: champion with 90.00 % test accuracy</h1>")
          assert.include(page, unbroken("10.00 % error, since 2026-03-25 02:00 UTC"))
          const { document } = parseHTML(page)
          const heads = [...document.querySelectorAll("#runs ~ .scroll thead th")].map(
            ({ textContent }) => textContent,
          )
          assert.deepStrictEqual(heads, [
            "scheduled time",
            "outcome",
            "accuracy",
            "error",
            "duration",
            "reason",
            "run",
          ])
          const rows = [...document.querySelectorAll("#runs ~ .scroll tbody tr")].map(
            ({ textContent }) => textContent,
          )
          assert.strictEqual(rows.length, 5)
          assert.match(rows[4], /^\s*3 runs, 2026-03-01 02:30 to 2026-03-03 02:30/)
          // The notice and the table have the reason of the failed run; the summary and the verdict do not repeat it.
          const text = document.querySelector("header")?.textContent ?? ""
          assert.strictEqual(text.split('alert("x")').length, 2)
        }),
      ),
  )

  it.effect("has an overview of several experiments, and a section for each", () =>
    go(
      Effect.gen(function* () {
        const history = yield* read({ scheduledRuns, events })
        const other = { ...history, experiment: "large", champion: null }
        const { document } = parseHTML(historyPage([other, history], () => false))
        assert.strictEqual(document.querySelector("h1")?.textContent, "Scheduled runs of 2 experiments")
        const rows = [...document.querySelectorAll("header tbody tr")].map((row) =>
          [...row.children].map(({ textContent }) => textContent).join(" "),
        )
        assert.deepStrictEqual(rows, [
          "large – – – 2026-03-27 02:30 Europe/Prague failed",
          "small 90.00 % 10.00 % 2026-03-25 02:00 UTC 2026-03-27 02:30 Europe/Prague failed",
        ])
        assert.deepStrictEqual(
          [...document.querySelectorAll("h2")].map(({ textContent }) => textContent),
          ["large", "small"],
        )
      }),
    ),
  )

  it.effect("places models at the time of their result", () =>
    go(
      Effect.gen(function* () {
        const early = scheduledRun(1, { accuracy: 0.5, outcome: "challenger" })
        const late = scheduledRun(2, {
          accuracy: 0.5,
          outcome: "challenger",
          endedAt: "2026-03-03T01:30:00.000Z",
        })
        const middle = scheduledRun(3, { accuracy: 0.5, outcome: "challenger", startedAt: null })
        const { document } = parseHTML(
          historyPage([yield* read({ scheduledRuns: [early, late, middle], events: [] })], () => false),
        )
        const xs = [...document.querySelectorAll("svg.plot circle")].map((dot) =>
          Number(dot.getAttribute("cx")),
        )
        // The second run ended when the third was due.
        assert.strictEqual(xs[1], xs[2])
        assert.isBelow(xs[0], xs[1])
      }),
    ),
  )

  it.effect("draws the champion, the new champions, the challengers, and the runs without a model", () =>
    go(
      Effect.gen(function* () {
        const page = historyPage([yield* read({ scheduledRuns, events })], () => false)
        assert.include(page, "Test accuracy of the scheduled runs of small: 2 trained, 2 not.")
        const tooltips = [...page.matchAll(/<title>(.*?)<\/title>/gs)].map(([, text]) => text)
        assert.lengthOf(
          tooltips.filter((text) => text.includes("new champion run-25")),
          1,
        )
        assert.lengthOf(
          tooltips.filter((text) => text.includes("run-26 is a challenger")),
          1,
        )
        assert.lengthOf(
          tooltips.filter((text) => text.includes("skipped: ")),
          1,
        )
        assert.lengthOf(
          tooltips.filter((text) => text.includes("failed, the champion stays")),
          1,
        )
      }),
    ),
  )

  it.effect("is written next to schedule.ndjson, and shows three years of runs at most", () =>
    go(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const many = Array.from({ length: 1105 }, (_, i) => {
          const scheduledAt = new Date(Date.UTC(2023, 0, 1) + i * 86_400_000).toISOString()
          return scheduledRun(1, { scheduledAt, endedAt: scheduledAt, accuracy: 0.5 })
        })
        const runsDir = yield* left({ scheduledRuns: many })
        yield* writeHistoryPage(runsDir)
        const page = yield* fs.readFileString(join(runsDir, "history.html"))
        assert.lengthOf([...page.matchAll(/<span class="whole">/g)], 1100)
        assert.include(page, "5 older scheduled runs are in schedule.ndjson.")
        assert.deepStrictEqual((yield* fs.readDirectory(runsDir)).sort(), ["history.html", "schedule.ndjson"])
      }),
    ),
  )
})
