/**
 * `history.html`: (history of each experiment) -> a page with the last scheduled run and its reason, and the accuracy
 * over time.
 */
import type { PairedTest, Verdict } from "../../schemas/Champion.ts"
import { isJudged, type ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { duration } from "../../format/duration.ts"
import { type Content, html } from "../page/html.ts"
import { facts, highlights, notice, page, paragraph } from "../page/page.ts"
import { table } from "../page/tables.ts"
import type { ExperimentHistory } from "../../operations/schedule/History.ts"
import {
  formatScheduledTime,
  formatTime,
  outcomeLabels,
  remarks,
  summarize,
} from "../../operations/schedule/describe.ts"
import { accuracyChart } from "./accuracyChart.ts"
import { percent } from "../../format/numbers.ts"

/** Scheduled runs of an experiment that are shown: three years, one a day. */
const shown = 1100

/** Whether a run has a report page. */
export type HasReport = (run: string) => boolean

const runName = (run: string, hasReport: HasReport): Content =>
  hasReport(run) ? html`<a href="${encodeURIComponent(run)}/report.html">${run}</a>` : run

const durationMs = ({ endedAt, startedAt }: ScheduledRun) =>
  startedAt === null ? undefined : Date.parse(endedAt) - Date.parse(startedAt)

const summaryItems = (history: ExperimentHistory) =>
  summarize(history).map((line) => html`<li><strong>${history.experiment}</strong>, ${line}.</li>`)

const amount = (metric: PairedTest["metric"], value: number) =>
  metric === "loss" ? value.toPrecision(3) : `${(100 * value).toFixed(2)} points`

const bound = ({ metric, worseByAtMost }: PairedTest) =>
  worseByAtMost < 0
    ? `better by ${amount(metric, -worseByAtMost)} or more`
    : `worse by ${amount(metric, worseByAtMost)} at most`

const comparison = (test: PairedTest) => {
  const show = (value: number) => (test.metric === "loss" ? value.toPrecision(4) : percent(value))
  return [
    [
      test.metric === "loss" ? "Loss" : "Accuracy",
      `${show(test.challenger)}, champion ${show(test.champion)}`,
    ],
    ["Compared on", `${test.examples} test examples of both runs`],
    ["Test", test.method],
    ["Confidence limit", bound(test)],
  ] as const
}

/** The figures behind the gate's verdict. */
const verdictFacts = ({ latencyMs, sizeBytes, test }: Verdict) =>
  facts([
    ...(test === null ? [] : comparison(test)),
    ...(latencyMs === null ? [] : ([["Latency", `${latencyMs.toPrecision(3)} ms for one image`]] as const)),
    ["Size", `${sizeBytes.toLocaleString("en")} bytes`],
  ])

const lastVerdict = ({ events, scheduledRuns }: ExperimentHistory) => {
  const run = scheduledRuns.at(-1)?.run
  const event = events.findLast((one) => one.run === run && "verdict" in one)
  return event === undefined || !("verdict" in event)
    ? null
    : html`<h3>Verdict of the gate on the last run</h3>
        ${verdictFacts(event.verdict)}`
}

const keyFigures = ({ champion, scheduledRuns }: ExperimentHistory, hasReport: HasReport) => {
  const count = (...outcomes: ReadonlyArray<ScheduledRun["outcome"]>) =>
    scheduledRuns.filter(({ outcome }) => outcomes.includes(outcome)).length
  return highlights([
    {
      name: "Champion's test accuracy",
      value: champion === null ? "none yet" : champion.accuracy === null ? "?" : percent(champion.accuracy),
      note:
        champion === null
          ? "no model has passed the gate"
          : html`${runName(champion.run, hasReport)}${champion.since === null ? "" : `, since ${formatTime(champion.since)} UTC`}`,
    },
    {
      name: "Scheduled runs",
      value: scheduledRuns.length,
      note: `${count("champion")} gave a new champion`,
    },
    { name: "Challengers", value: count("challenger"), note: "kept; they did not pass the gate" },
    {
      name: "Without a model",
      value: scheduledRuns.filter((run) => !isJudged(run)).length,
      note: `${count("failed")} failed, ${count("skipped", "missed")} skipped or missed`,
    },
  ])
}

const runRow =
  (hasReport: HasReport) =>
  (scheduledRun: ScheduledRun): ReadonlyArray<Content> => {
    const { accuracy, outcome, reasons, run, scheduledAt, timezone } = scheduledRun
    const ms = durationMs(scheduledRun)
    return [
      html`<span class="whole">${formatTime(scheduledAt, timezone)}</span>`,
      outcomeLabels[outcome],
      accuracy === null ? "" : percent(accuracy),
      reasons.join("; "),
      remarks(scheduledRun).join("; "),
      ms === undefined ? "" : duration(ms / 1000),
      run === null ? "" : runName(run, hasReport),
    ]
  }

const runTable = (scheduledRuns: ReadonlyArray<ScheduledRun>, older: number, hasReport: HasReport) => {
  if (scheduledRuns.length === 0) return null
  const zones = [...new Set(scheduledRuns.map(({ timezone }) => timezone ?? "UTC"))]
  return [
    table({
      caption: `Scheduled runs, latest first (time zone: ${zones.join(", ")})`,
      columns: [
        "Scheduled time",
        "Outcome",
        { name: "Accuracy", numeric: true },
        "Reason",
        "Remarks",
        { name: "Duration", numeric: true },
        "Run",
      ],
      rows: scheduledRuns.toReversed().map(runRow(hasReport)),
    }),
    older === 0 ? null : paragraph(`${older} older scheduled runs are in schedule.ndjson.`),
  ]
}

const manualChanges = ({ events }: ExperimentHistory, hasReport: HasReport) => {
  const changes = events.filter(({ kind }) => kind === "promoted" || kind === "rolledBack")
  if (changes.length === 0) return null
  return table({
    caption: "Manual changes of the champion, latest first (UTC)",
    columns: ["Time", "Change", "Run", "Instead of", "Reason"],
    rows: changes
      .toReversed()
      .map((event) => [
        formatTime(event.at),
        event.kind === "promoted" ? "promoted" : "rolled back",
        runName(event.run, hasReport),
        event.before ?? "",
        "reason" in event ? event.reason : "",
      ]),
  })
}

const experimentSection = (history: ExperimentHistory, hasReport: HasReport) => {
  const { champion, experiment } = history
  // Records are in the order in which runs ended: a skipped run comes before the one that was running then.
  const byTime = history.scheduledRuns.toSorted((a, b) => a.scheduledAt.localeCompare(b.scheduledAt))
  const scheduledRuns = byTime.slice(-shown)
  return {
    id: experiment,
    title: experiment,
    content: [
      keyFigures(history, hasReport),
      champion === null || champion.why === "" ? null : paragraph(`Why it is the champion: ${champion.why}.`),
      lastVerdict(history),
      accuracyChart(history, scheduledRuns),
      runTable(scheduledRuns, byTime.length - scheduledRuns.length, hasReport),
      manualChanges(history, hasReport),
    ],
  }
}

/** Experiments whose last scheduled run failed or was missed. */
const problems = (histories: ReadonlyArray<ExperimentHistory>) =>
  histories.flatMap(({ experiment, scheduledRuns }) => {
    const last = scheduledRuns.at(-1)
    if (last?.outcome !== "failed" && last?.outcome !== "missed") return []
    const trained = scheduledRuns.findLast(isJudged)
    const since =
      trained === undefined
        ? "no scheduled run has trained a model yet"
        : `the last trained model is from ${formatScheduledTime(trained)}`
    return [
      `${experiment} ${last.outcome === "failed" ? "failed" : "was missed"}: ${last.reasons.join("; ")}; ${since}.`,
    ]
  })

export const historyPage = (histories: ReadonlyArray<ExperimentHistory>, hasReport: HasReport): string =>
  page({
    kind: "Schedule",
    title: "Scheduled runs",
    lead: [
      html`<ul class="sentences">
        ${histories.map(summaryItems)}
      </ul>`,
      notice("Needs attention", problems(histories)),
    ],
    sections: histories.map((history) => experimentSection(history, hasReport)),
  })
