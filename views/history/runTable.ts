/**
 * The scheduled runs of an experiment as a table, latest first: (history, scheduled runs) -> Html.
 *
 * Each run is one line: the reason for the gate's verdict is folded, since its figures are in the columns. Runs without a
 * model that follow each other for the same reason share a line.
 */
import { duration } from "../../format/duration.ts"
import { percent, points } from "../../format/numbers.ts"
import { formatTime, outcomeLabels, remarks } from "../../operations/schedule/describe.ts"
import type { ExperimentHistory } from "../../operations/schedule/History.ts"
import { isJudged, type ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { type Content, html } from "../page/html.ts"
import { folded, paragraph } from "../page/page.ts"
import { type HasReport, runLink } from "../page/runLink.ts"
import { type Column, table } from "../page/tables.ts"

/** Runs that are shown at once; the others are folded. */
const runsShown = 30

const reasonOf = ({ reasons }: ScheduledRun) => reasons.join("; ")

/** Runs of one line, latest first. */
type Line = readonly [ScheduledRun, ...ReadonlyArray<ScheduledRun>]

const isAlike = (a: ScheduledRun, b: ScheduledRun) =>
  !isJudged(a) &&
  a.outcome === b.outcome &&
  reasonOf(a) === reasonOf(b) &&
  a.run === null &&
  b.run === null &&
  remarks(a).length + remarks(b).length === 0

const linesOf = (scheduledRuns: ReadonlyArray<ScheduledRun>): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  for (const run of scheduledRuns.toReversed()) {
    const line = lines.at(-1)
    if (line !== undefined && isAlike(line[0], run)) lines[lines.length - 1] = [...line, run]
    else lines.push([run])
  }
  return lines
}

const timeOf = (line: Line): Content => {
  const at = ({ scheduledAt, timezone }: ScheduledRun) =>
    html`<span class="whole">${formatTime(scheduledAt, timezone)}</span>`
  const [last] = line
  return line.length === 1 ? at(last) : html`${line.length} runs, ${at(line[line.length - 1])} to ${at(last)}`
}

const durationOf = ({ endedAt, startedAt }: ScheduledRun) =>
  startedAt === null ? "" : duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)

/** The accuracy of each challenger minus that of the champion, by run. */
const differencesOf = ({ events }: ExperimentHistory): ReadonlyMap<string, number> =>
  new Map(
    events.flatMap((event) => {
      const test = "verdict" in event ? event.verdict.test : null
      return test?.metric === "accuracy" ? [[event.run, test.challenger - test.champion] as const] : []
    }),
  )

const columns: ReadonlyArray<Column | string> = [
  "scheduled time",
  "outcome",
  { name: "accuracy", numeric: true },
  { name: "error", numeric: true },
  { name: "vs. champion", numeric: true },
  { name: "duration", numeric: true },
  "reason",
  "remarks",
  "run",
]

const rowOf = (line: Line, differences: ReadonlyMap<string, number>, hasReport: HasReport) => {
  const [scheduledRun] = line
  const { accuracy, outcome, run } = scheduledRun
  const difference = run === null ? undefined : differences.get(run)
  const reason = reasonOf(scheduledRun)
  return [
    timeOf(line),
    outcomeLabels[outcome],
    accuracy === null ? "" : percent(accuracy),
    accuracy === null ? "" : percent(1 - accuracy),
    difference === undefined ? "" : points(difference),
    durationOf(scheduledRun),
    isJudged(scheduledRun) && reason !== ""
      ? html`<div class="reason">${folded("why", html`<p>${reason}</p>`, { printed: true })}</div>`
      : html`<div class="reason text">${reason}</div>`,
    remarks(scheduledRun).join("; "),
    run === null ? "" : runLink(run, hasReport),
  ]
}

export const runTable = (
  history: ExperimentHistory,
  scheduledRuns: ReadonlyArray<ScheduledRun>,
  older: number,
  hasReport: HasReport,
): Content => {
  if (scheduledRuns.length === 0) return null
  const zones = [...new Set(scheduledRuns.map(({ timezone }) => timezone ?? "UTC"))]
  const differences = differencesOf(history)
  const rows = linesOf(scheduledRuns).map((line) => rowOf(line, differences, hasReport))
  const caption = `Scheduled runs, latest first (time zone: ${zones.join(", ")}); differences from the champion in points`
  const earlier = rows.slice(runsShown)
  return [
    table({ caption, columns, rows: rows.slice(0, runsShown) }),
    earlier.length === 0
      ? null
      : folded(
          `${earlier.length} earlier`,
          table({ caption: `Earlier ${caption.toLowerCase()}`, captionHidden: true, columns, rows: earlier }),
        ),
    older === 0 ? null : paragraph(`${older} older scheduled runs are in schedule.ndjson.`),
  ]
}
