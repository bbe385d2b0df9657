/** Nights in words: (a line of the schedule) -> what a person reads in the morning. */
import { DateTime, Option } from "effect"
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

/** 2026-11-22 02:30 on the clock of a time zone. */
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

const times = (count: number, one: string, more: string) => (count === 1 ? one : `${count} ${more}`)

/** What else is to be known of a night. */
export const remarks = ({ dataset, missed, resumed, retries }: ScheduledRun): ReadonlyArray<string> => [
  ...(dataset?.changed === true ? ["the data was new"] : []),
  ...(resumed ? ["it went on with a run begun before"] : []),
  ...(retries > 0 ? [`it was tried again ${times(retries, "once", "times")}`] : []),
  ...(missed > 0 ? [`before it ${times(missed, "one slot was", "slots were")} missed`] : []),
]

/** What became of a night, and why. */
export const describeScheduledRun = (scheduledRun: ScheduledRun): string => {
  const why = scheduledRun.reasons.join("; ")
  const stays = scheduledRun.champion === null ? "there is no champion" : "the champion stays"
  switch (scheduledRun.outcome) {
    case "champion":
      return `a new champion, ${scheduledRun.run}: ${why}`
    case "challenger":
      return `${stays}; ${scheduledRun.run} is kept as a challenger: ${why}`
    case "failed":
      return `failed, ${stays}: ${why}`
    case "timeLimit":
    case "interrupted":
      return `${why}; the next slot goes on with ${scheduledRun.run ?? "it"}`
    case "skipped":
      return `left out: ${why}`
    case "missed":
      return `missed: ${why}`
  }
}

/** How a night that is not over stands. */
export const describeUnfinished = (
  { run, scheduledAt, state }: Unfinished,
  timezone: string | undefined,
): string => {
  const scheduledRun = `the night of ${formatTime(scheduledAt, timezone)} ${timezone ?? "UTC"}`
  const withRun = run === null ? "" : ` with ${run}`
  switch (state) {
    case "running":
      return `${scheduledRun} is going on${withRun}`
    case "waiting":
      return `${scheduledRun} was stopped with a checkpoint; the next slot goes on${withRun}`
    case "stopped":
      return `${scheduledRun} is not over; the schedule goes on${withRun} when it starts again`
  }
}

/** What a person did to the champion after the last night. */
export const describeManualChange = (event: ChampionEvent): string => {
  const done = event.kind === "rolledBack" ? `rolled back to ${event.run}` : `${event.run} was promoted`
  const { reason } = "reason" in event ? event : { reason: null }
  return `since then, ${formatTime(event.at)} UTC: ${done}${reason === null ? "" : `: ${reason}`}`
}

/** Everything to be known of an experiment in the summarize, a line each. */
export const summarize = (history: ExperimentHistory): ReadonlyArray<string> => {
  const { scheduledRuns, unfinished } = history
  const last = scheduledRuns.at(-1)
  const moved = findManualChange(history)
  const also = last === undefined ? [] : remarks(last)
  return [
    ...(last === undefined
      ? []
      : [
          `${formatScheduledTime(last)}: ${describeScheduledRun(last)}${also.length === 0 ? "" : ` (${also.join("; ")})`}`,
        ]),
    ...(moved === undefined ? [] : [describeManualChange(moved)]),
    // A night that was stopped says itself that the next one goes on.
    ...(unfinished === null ||
    (unfinished.state === "waiting" && unfinished.scheduledAt === last?.scheduledAt)
      ? []
      : [describeUnfinished(unfinished, last?.timezone)]),
  ]
}
