/** Scheduled runs as text: (record, history) -> the lines that `champion`, the history page and the log show. */
import { DateTime, Option } from "effect"
import { plural } from "../../format/numbers.ts"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import type { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { type ExperimentHistory, findManualChange, type Unfinished } from "./History.ts"

export const outcomeLabels: Readonly<Record<ScheduledRun["outcome"], string>> = {
  champion: "new champion",
  challenger: "challenger",
  failed: "failed",
  timeLimit: "time limit",
  interrupted: "interrupted",
  skipped: "skipped",
  missed: "missed",
}

/** Such as 2026-11-22 02:30. */
export const formatTime = (at: string, timezone = "UTC"): string => {
  const zoned = DateTime.make(at).pipe(
    Option.flatMap((time) => DateTime.makeZoned(time, { timeZone: timezone })),
    Option.getOrUndefined,
  )
  return zoned === undefined ? at : DateTime.formatIsoZoned(zoned).slice(0, 16).replace("T", " ")
}

export const formatScheduledTime = ({
  scheduledAt,
  timezone,
}: Pick<ScheduledRun, "scheduledAt" | "timezone">) =>
  `${formatTime(scheduledAt, timezone)} ${timezone ?? "UTC"}`

export const remarks = ({ dataset, missed, resumed, retries }: ScheduledRun): ReadonlyArray<string> => [
  ...(dataset?.changed === true ? ["the dataset changed"] : []),
  ...(resumed ? ["resumed an earlier run"] : []),
  ...(retries > 0 ? [`retried ${plural(retries, "once", "times")}`] : []),
  ...(missed > 0 ? [`missed ${plural(missed, "one scheduled run", "scheduled runs")} before it`] : []),
]

/** What a scheduled run ended with, without the reasons. */
const outcomeOf = ({ champion, outcome, run }: ScheduledRun): string => {
  const remains = champion === null ? "there is no champion" : "the champion stays"
  switch (outcome) {
    case "champion":
      return `new champion ${run}`
    case "challenger":
      return `${remains}; ${run} is a challenger`
    case "failed":
      return `failed, ${remains}`
    case "timeLimit":
    case "interrupted":
      return `${outcomeLabels[outcome]}; the next scheduled run resumes ${run ?? "it"}`
    default:
      return outcomeLabels[outcome]
  }
}

/** What a scheduled run ended with, and why. */
export const describeScheduledRun = (scheduled: ScheduledRun): string => {
  const { outcome, reasons, run } = scheduled
  const why = reasons.join("; ")
  return outcome === "timeLimit" || outcome === "interrupted"
    ? `${why}; the next scheduled run resumes ${run ?? "it"}`
    : `${outcomeOf(scheduled)}: ${why}`
}

export const describeUnfinished = (unfinished: Unfinished, timezone: string | undefined): string => {
  const { run, scheduledAt, state } = unfinished
  const scheduledRun = `the run of ${formatTime(scheduledAt, timezone)} ${timezone ?? "UTC"}`
  const named = run === null ? "" : ` (${run})`
  switch (state) {
    case "running":
      return `${scheduledRun} is running${named}`
    case "waiting":
      return `${scheduledRun} was stopped with a checkpoint${named}; the next scheduled run resumes it`
    case "stopped":
      return `${scheduledRun} is not finished${named}; the schedule resumes it when it starts again`
  }
}

/** What a person did to the champion after the last scheduled run. */
const describeManualChange = (event: ChampionEvent, isExplained: boolean): string => {
  const change = event.kind === "rolledBack" ? `rolled back to ${event.run}` : `promoted ${event.run}`
  const { reason } = "reason" in event ? event : { reason: null }
  return `since then, ${formatTime(event.at)} UTC: ${change}${reason === null || isExplained ? "" : `: ${reason}`}`
}

/**
 * The last scheduled run of an experiment and what happened since, one line each. `isExplained`: the reader sees the reasons
 * for this run elsewhere, so they are left out.
 */
export const summarize = (
  history: ExperimentHistory,
  isExplained: (run: string | null) => boolean = () => false,
): ReadonlyArray<string> => {
  const { scheduledRuns, unfinished } = history
  const last = scheduledRuns.at(-1)
  const change = findManualChange(history)
  const notes = last === undefined ? [] : remarks(last)
  return [
    ...(last === undefined
      ? []
      : [
          `${formatScheduledTime(last)}: ${isExplained(last.run) ? outcomeOf(last) : describeScheduledRun(last)}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`,
        ]),
    ...(change === undefined ? [] : [describeManualChange(change, isExplained(change.run))]),
    // The line of the stopped run already includes that the next one resumes it.
    ...(unfinished === null ||
    (unfinished.state === "waiting" && unfinished.scheduledAt === last?.scheduledAt)
      ? []
      : [describeUnfinished(unfinished, last?.timezone)]),
  ]
}
