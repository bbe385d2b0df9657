/**
 * `history.html`: (history of each experiment) -> a page with the last scheduled run and its reason, and the accuracy
 * over time.
 */
import type { PairedTest, Verdict } from "../../schemas/Champion.ts"
import { isJudged, type ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { count, percent, threeDigits, unsignedPoints } from "../../format/numbers.ts"
import { size } from "../../format/size.ts"
import type { ChampionPeriod, ExperimentHistory } from "../../operations/schedule/History.ts"
import {
  formatScheduledTime,
  formatTime,
  outcomeLabels,
  summarize,
} from "../../operations/schedule/describe.ts"
import { type Content, html } from "../page/html.ts"
import { facts, highlights, notice, page, paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { accuracyChart } from "./accuracyChart.ts"
import { type HasReport, runLink } from "../page/runLink.ts"
import { runTable } from "./runTable.ts"

/** Scheduled runs of an experiment that are shown: three years, one a day. */
const shown = 1100

/** Without a run that failed or was missed: the notice has it. The title names the only experiment. */
const summaryItems = (histories: ReadonlyArray<ExperimentHistory>) =>
  histories.flatMap((history) =>
    summarize(history)
      .slice(needsAttention(history) ? 1 : 0)
      .map((line) =>
        histories.length === 1
          ? html`<li>${line}.</li>`
          : html`<li><strong>${history.experiment}</strong>, ${line}.</li>`,
      ),
  )

/** Null without sentences. */
const summary = (histories: ReadonlyArray<ExperimentHistory>): Content => {
  const items = summaryItems(histories)
  return items.length === 0
    ? null
    : html`<ul class="sentences">
        ${items}
      </ul>`
}

const amount = (metric: PairedTest["metric"], value: number) =>
  metric === "loss" ? threeDigits(value) : `${unsignedPoints(value)} points`

const bound = ({ metric, worseByAtMost }: PairedTest) =>
  worseByAtMost < 0
    ? `better by ${amount(metric, -worseByAtMost)} or more`
    : `worse by ${amount(metric, worseByAtMost)} at most`

const comparison = (test: PairedTest) => {
  const { challenger, champion, metric } = test
  const pair = (name: string, show: (value: number) => string): readonly [string, string] => [
    name,
    `${show(challenger)}, champion ${show(champion)}`,
  ]
  return [
    ...(metric === "loss"
      ? [pair("loss", threeDigits)]
      : [pair("accuracy", percent), pair("error", (value) => percent(1 - value))]),
    ["compared on", `${count(test.examples)} test examples of both runs`],
    ["test", test.method],
    ["confidence limit", bound(test)],
  ] as const
}

/** The figures behind the gate's verdict. */
const verdictFacts = ({ latencyMs, sizeBytes, test }: Verdict) =>
  facts([
    ...(test === null ? [] : comparison(test)),
    ...(latencyMs === null ? [] : ([["latency", `${threeDigits(latencyMs)} ms for one image`]] as const)),
    ["size", size(sizeBytes)],
  ])

/** Null unless the last run was judged. */
const lastVerdict = ({ events, scheduledRuns }: ExperimentHistory): Content => {
  const run = scheduledRuns.at(-1)?.run
  const event = events.findLast((one) => one.run === run && "verdict" in one)
  return event === undefined || !("verdict" in event) ? null : verdictFacts(event.verdict)
}

const keyFigures = ({ champion, scheduledRuns }: ExperimentHistory) => {
  const runsWith = (...outcomes: ReadonlyArray<ScheduledRun["outcome"]>) =>
    scheduledRuns.filter(({ outcome }) => outcomes.includes(outcome)).length
  return highlights([
    {
      name: "champion's test accuracy",
      value: champion === null ? "none yet" : champion.accuracy === null ? "?" : percent(champion.accuracy),
      note:
        champion === null
          ? "no model has passed the gate"
          : [
              ...(champion.accuracy === null ? [] : [`${percent(1 - champion.accuracy)} error`]),
              ...(champion.since === null ? [] : [`since ${formatTime(champion.since)} UTC`]),
            ].join(", "),
    },
    {
      name: "scheduled runs",
      value: count(scheduledRuns.length),
      note: `${count(runsWith("champion"))} gave a new champion`,
    },
    { name: "challengers", value: count(runsWith("challenger")), note: "kept; they did not pass the gate" },
    {
      name: "without a model",
      value: scheduledRuns.filter((run) => !isJudged(run)).length,
      note: `${count(runsWith("failed"))} failed, ${count(runsWith("skipped", "missed"))} skipped or missed`,
    },
  ])
}

const manualChanges = ({ events }: ExperimentHistory, hasReport: HasReport) => {
  const changes = events.filter(({ kind }) => kind === "promoted" || kind === "rolledBack")
  if (changes.length === 0) return null
  return table({
    caption: "Manual changes of the champion, latest first (UTC)",
    columns: ["time", "change", "run", "instead of", "reason"],
    rows: changes
      .toReversed()
      .map((event) => [
        formatTime(event.at),
        event.kind === "promoted" ? "promoted" : "rolled back",
        runLink(event.run, hasReport),
        event.before ?? "",
        "reason" in event ? event.reason : "",
      ]),
  })
}

/** Its reason too, unless it is that of the last run: the page begins with it. */
const championParagraph = (
  champion: ChampionPeriod,
  { scheduledRuns }: ExperimentHistory,
  hasReport: HasReport,
) =>
  paragraph(
    "Champion: ",
    runLink(champion.run, hasReport),
    champion.why === "" || scheduledRuns.at(-1)?.run === champion.run
      ? ""
      : html`<br /><small>Why: ${champion.why}.</small>`,
  )

const partsOf = (history: ExperimentHistory, hasReport: HasReport) => {
  const { champion } = history
  // Records are in the order in which runs ended: a skipped run comes before the one that was running then.
  const byTime = history.scheduledRuns.toSorted((a, b) => a.scheduledAt.localeCompare(b.scheduledAt))
  const scheduledRuns = byTime.slice(-shown)
  return {
    champion: [
      keyFigures(history),
      champion === null ? null : championParagraph(champion, history, hasReport),
      accuracyChart(history, scheduledRuns),
    ],
    verdict: lastVerdict(history),
    runs: [
      runTable(history, scheduledRuns, byTime.length - scheduledRuns.length, hasReport),
      manualChanges(history, hasReport),
    ],
  }
}

const verdictTitle = "Verdict of the gate on the last run"

/** One section for each of several experiments. */
const experimentSection = (history: ExperimentHistory, hasReport: HasReport): Section => {
  const { champion, runs, verdict } = partsOf(history, hasReport)
  const content = [
    champion,
    verdict === null
      ? null
      : html`<h3>${verdictTitle}</h3>
          ${verdict}`,
    runs,
  ]
  return { id: history.experiment, title: history.experiment, content }
}

/** The sections of the only experiment. */
const sectionsOf = (history: ExperimentHistory, hasReport: HasReport): ReadonlyArray<Section> => {
  const { champion, runs, verdict } = partsOf(history, hasReport)
  return [
    { id: "champion", title: "Champion", content: champion },
    ...(verdict === null ? [] : [{ id: "verdict", title: verdictTitle, content: verdict }]),
    { id: "runs", title: "Scheduled runs", content: runs },
  ]
}

/** Whether the last scheduled run failed or was missed. */
const needsAttention = ({ scheduledRuns }: ExperimentHistory): boolean => {
  const last = scheduledRuns.at(-1)
  return last?.outcome === "failed" || last?.outcome === "missed"
}

/** Experiments whose last scheduled run failed or was missed. */
const problems = (histories: ReadonlyArray<ExperimentHistory>) =>
  histories.flatMap((history) => {
    const { experiment, scheduledRuns } = history
    const last = scheduledRuns.at(-1)
    if (last === undefined || !needsAttention(history)) return []
    const trained = scheduledRuns.findLast(isJudged)
    const since =
      trained === undefined
        ? "no scheduled run has trained a model yet"
        : `the last trained model is from ${formatScheduledTime(trained)}`
    return [
      `${experiment} ${last.outcome === "failed" ? "failed" : "was missed"}: ${last.reasons.join("; ")}; ${since}.`,
    ]
  })

/** The champion of a single experiment, or how many experiments there are. */
const titleOf = (histories: ReadonlyArray<ExperimentHistory>): string => {
  if (histories.length !== 1) return `Scheduled runs of ${histories.length} experiments`
  const [{ champion, experiment }] = histories
  if (champion === null) return `${experiment}: no champion yet`
  return champion.accuracy === null
    ? `${experiment}: champion ${champion.run}`
    : `${experiment}: champion with ${percent(champion.accuracy)} test accuracy`
}

/** One line for each experiment. */
const overview = (histories: ReadonlyArray<ExperimentHistory>): Content =>
  histories.length < 2
    ? null
    : table({
        caption: "Champion and last scheduled run of each experiment",
        captionHidden: true,
        columns: [
          "experiment",
          { name: "accuracy", numeric: true },
          { name: "error", numeric: true },
          "champion since",
          "last scheduled run",
          "outcome",
        ],
        rows: histories.map(({ champion, experiment, scheduledRuns }) => {
          const last = scheduledRuns.at(-1)
          const accuracy = champion?.accuracy ?? null
          return [
            html`<a href="#${experiment}">${experiment}</a>`,
            percent(accuracy),
            accuracy === null ? "–" : percent(1 - accuracy),
            champion === null || champion.since === null ? "–" : `${formatTime(champion.since)} UTC`,
            last === undefined ? "–" : formatScheduledTime(last),
            last === undefined ? "–" : outcomeLabels[last.outcome],
          ]
        }),
      })

export const historyPage = (histories: ReadonlyArray<ExperimentHistory>, hasReport: HasReport): string =>
  page({
    kind: "Schedule",
    title: titleOf(histories),
    lead: [overview(histories), summary(histories), notice("Needs attention", problems(histories))],
    sections:
      histories.length === 1
        ? sectionsOf(histories[0], hasReport)
        : histories.map((history) => experimentSection(history, hasReport)),
  })
