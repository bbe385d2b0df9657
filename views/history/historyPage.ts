/**
 * `history.html`: (what each experiment's nights came to) -> a page that says what happened last night and why, and how
 * accuracy has gone since the first.
 */
import type { PairedTest, Verdict } from "../../schemas/Champion.ts"
import type { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { duration } from "../../format/duration.ts"
import { lineChart, type Point } from "../page/lineChart.ts"
import { figure } from "../page/figures.ts"
import { type Content, type Html, html } from "../page/html.ts"
import { facts, highlights, notice, page, paragraph } from "../page/page.ts"
import { table } from "../page/tables.ts"
import type { ExperimentHistory } from "../../operations/schedule/History.ts"
import { percent } from "../../format/percent.ts"
import {
  formatTime,
  summarize,
  outcomeLabels,
  remarks,
  describeScheduledRun,
  formatScheduledTime,
} from "../../operations/schedule/describe.ts"

/** Nights of an experiment that are shown: three years, one a day. */
const shown = 1100

/** 100 %, 99.25 %: as short as an axis needs it. */
const roundPercent = (share: number) =>
  `${(100 * share).toLocaleString("en", { maximumFractionDigits: 2 })} %`

/** Whether a run has a page to go to. */
export type HasReport = (run: string) => boolean

const runName = (run: string, hasReport: HasReport): Content =>
  hasReport(run) ? html`<a href="${encodeURIComponent(run)}/report.html">${run}</a>` : run

const tookMs = ({ endedAt, startedAt }: ScheduledRun) =>
  startedAt === null ? undefined : Date.parse(endedAt) - Date.parse(startedAt)

const sentences = (history: ExperimentHistory) =>
  summarize(history).map((line) => html`<li><strong>${history.experiment}</strong>, ${line}.</li>`)

/** Horizontal while a champion championPeriods, vertical where the next one takes its place. */
const championLine = (
  { championPeriods }: ExperimentHistory,
  from: number,
  until: number,
): ReadonlyArray<Point> => {
  const known = championPeriods.flatMap(({ accuracy, run, since, why }) =>
    accuracy === null || since === null ? [] : [{ at: Date.parse(since), accuracy, run, why }],
  )
  return known.flatMap(({ accuracy, at, run, why }, i) => {
    const end = known[i + 1]?.at ?? Math.max(until, at)
    if (end < from) return []
    const says = `${run}: ${percent(accuracy)}; ${why}`
    return [
      { x: new Date(Math.max(at, from)), y: accuracy, says },
      { x: new Date(end), y: accuracy, says },
    ]
  })
}

const accuracyOverTime = (
  history: ExperimentHistory,
  scheduledRuns: ReadonlyArray<ScheduledRun>,
): Html | null => {
  if (scheduledRuns.length === 0) return null
  const at = ({ scheduledAt }: ScheduledRun) => new Date(scheduledAt)
  const points = (outcome: ScheduledRun["outcome"]): ReadonlyArray<Point> =>
    scheduledRuns.flatMap((scheduledRun) =>
      scheduledRun.outcome !== outcome || scheduledRun.accuracy === null
        ? []
        : [
            {
              x: at(scheduledRun),
              y: scheduledRun.accuracy,
              says: `${formatScheduledTime(scheduledRun)}: ${describeScheduledRun(scheduledRun)}`,
            },
          ],
    )
  const [from, until] = [
    Date.parse(scheduledRuns[0].scheduledAt),
    Date.parse(scheduledRuns[scheduledRuns.length - 1].endedAt),
  ]
  const trained = scheduledRuns.filter(
    ({ outcome }) => outcome === "champion" || outcome === "challenger",
  ).length
  const others = scheduledRuns.filter(({ outcome }) => outcome !== "champion" && outcome !== "challenger")
  const picture = lineChart({
    alternative: `Test accuracy of ${history.experiment} over its nights: ${trained} trained, ${others.length} not.`,
    x: { label: "night (UTC)", scale: "time" },
    y: { label: "test accuracy", format: roundPercent },
    series: [
      { name: "the champion", points: championLine(history, from, until) },
      { name: "a night's model that became champion", points: points("champion"), scattered: true },
      { name: "a night's model that did not", points: points("challenger"), scattered: true },
    ],
    events: others.map((scheduledRun) => ({
      x: at(scheduledRun),
      says: `${formatScheduledTime(scheduledRun)}: ${describeScheduledRun(scheduledRun)}`,
    })),
    wide: true,
  })
  if (picture === null) return null
  return figure({
    title: "Accuracy over time",
    caption:
      "Each model on the test examples of its own night. Dotted lines are nights without a model: failed, stopped, skipped or missed. The table of nights has the numbers.",
    // On a phone it is moved about, not shrunk until nobody can read it.
    picture: html`<div class="scroll" role="group" tabindex="0" aria-label="Accuracy over time">
      ${picture}
    </div>`,
    wide: true,
  })
}

const amount = (metric: PairedTest["metric"], value: number) =>
  metric === "loss" ? value.toPrecision(3) : `${(100 * value).toFixed(2)} points`

const surely = ({ metric, worseByAtMost }: PairedTest) =>
  worseByAtMost < 0
    ? `better by ${amount(metric, -worseByAtMost)} or more`
    : `worse by ${amount(metric, worseByAtMost)} at most`

/** The figures behind the gate's decision. */
const decision = ({ latencyMs, sizeBytes, test }: Verdict) =>
  facts([
    ...(test === null
      ? []
      : ([
          [
            test.metric === "loss" ? "Loss" : "Accuracy",
            test.metric === "loss"
              ? `${test.challenger.toPrecision(4)}, the champion's ${test.champion.toPrecision(4)}`
              : `${percent(test.challenger)}, the champion's ${percent(test.champion)}`,
          ],
          ["Compared on", `${test.examples} test examples that both answered`],
          ["By", test.method],
          ["With the gate's confidence", surely(test)],
        ] as const)),
    ...(latencyMs === null ? [] : ([["Latency", `${latencyMs.toPrecision(3)} ms for one image`]] as const)),
    ["Size", `${sizeBytes.toLocaleString("en")} bytes`],
  ])

const lastDecision = ({ events, scheduledRuns }: ExperimentHistory) => {
  const run = scheduledRuns.at(-1)?.run
  const event = events.findLast((one) => one.run === run && "verdict" in one)
  return event === undefined || !("verdict" in event)
    ? null
    : html`<h3>What the gate saw last night</h3>
        ${decision(event.verdict)}`
}

const scheduledRunRow =
  (hasReport: HasReport) =>
  (scheduledRun: ScheduledRun): ReadonlyArray<Content> => {
    const ms = tookMs(scheduledRun)
    return [
      html`<span class="whole">${formatTime(scheduledRun.scheduledAt, scheduledRun.timezone)}</span>`,
      outcomeLabels[scheduledRun.outcome],
      scheduledRun.accuracy === null ? "" : percent(scheduledRun.accuracy),
      scheduledRun.reasons.join("; "),
      remarks(scheduledRun).join("; "),
      ms === undefined ? "" : duration(ms / 1000),
      scheduledRun.run === null ? "" : runName(scheduledRun.run, hasReport),
    ]
  }

const experimentSection = (history: ExperimentHistory, hasReport: HasReport) => {
  const { champion, experiment } = history
  // Lines are in the order in which nights ended: a slot that was skipped comes before the night that went on.
  const scheduledRuns = history.scheduledRuns
    .toSorted((a, b) => a.scheduledAt.localeCompare(b.scheduledAt))
    .slice(-shown)
  const older = history.scheduledRuns.length - scheduledRuns.length
  const zones = [...new Set(scheduledRuns.map(({ timezone }) => timezone ?? "UTC"))]
  const count = (outcome: ScheduledRun["outcome"]) =>
    history.scheduledRuns.filter((scheduledRun) => scheduledRun.outcome === outcome).length
  const byHand = history.events.filter(({ kind }) => kind === "promoted" || kind === "rolledBack")
  return {
    id: experiment,
    title: experiment,
    content: [
      highlights([
        {
          name: "Champion's test accuracy",
          value:
            champion === null ? "none yet" : champion.accuracy === null ? "?" : percent(champion.accuracy),
          note:
            champion === null
              ? "no model has passed the gate"
              : html`${runName(champion.run, hasReport)}${champion.since === null ? "" : `, since ${formatTime(champion.since)} UTC`}`,
        },
        {
          name: "Nights",
          value: history.scheduledRuns.length,
          note: `${count("champion")} gave a new champion`,
        },
        { name: "Challengers", value: count("challenger"), note: "kept; the gate did not let them pass" },
        {
          name: "Without a model",
          value: history.scheduledRuns.length - count("champion") - count("challenger"),
          note: `${count("failed")} failed, ${count("skipped") + count("missed")} skipped or missed`,
        },
      ]),
      champion === null || champion.why === "" ? null : paragraph(`Why it is the champion: ${champion.why}.`),
      lastDecision(history),
      accuracyOverTime(history, scheduledRuns),
      scheduledRuns.length === 0
        ? null
        : [
            table({
              caption: `Nights, the latest first, on the clock of ${zones.join(", ")}`,
              columns: [
                "Night",
                "Outcome",
                { name: "Accuracy", figures: true },
                "Why",
                "Also",
                { name: "Took", figures: true },
                "Run",
              ],
              rows: scheduledRuns.toReversed().map(scheduledRunRow(hasReport)),
            }),
            older === 0 ? null : paragraph(`${older} older nights are in schedule.ndjson.`),
          ],
      byHand.length === 0
        ? null
        : table({
            caption: "Champions moved by hand, the latest first (UTC)",
            columns: ["When", "What", "Run", "Instead of", "Why"],
            rows: byHand
              .toReversed()
              .map((event) => [
                formatTime(event.at),
                event.kind === "promoted" ? "promoted" : "rolled back",
                runName(event.run, hasReport),
                event.before ?? "",
                "reason" in event ? event.reason : "",
              ]),
          }),
    ],
  }
}

/** What a reader has to do something about. */
const troubles = (histories: ReadonlyArray<ExperimentHistory>) =>
  histories.flatMap(({ experiment, scheduledRuns }) => {
    const last = scheduledRuns.at(-1)
    if (last?.outcome !== "failed" && last?.outcome !== "missed") return []
    const good = scheduledRuns.findLast(({ outcome }) => outcome === "champion" || outcome === "challenger")
    const since =
      good === undefined
        ? "no night has given a model yet"
        : `the last model is of ${formatScheduledTime(good)}`
    return [
      `${experiment} ${last.outcome === "failed" ? "failed" : "was missed"}: ${last.reasons.join("; ")}; ${since}.`,
    ]
  })

export const historyPage = (histories: ReadonlyArray<ExperimentHistory>, hasReport: HasReport): string =>
  page({
    kind: "Nights",
    title: "What happened last night",
    lead: [
      html`<ul class="sentences">
        ${histories.map(sentences)}
      </ul>`,
      notice("To look after", troubles(histories)),
    ],
    sections: histories.map((history) => experimentSection(history, hasReport)),
  })
