/** Words and figures of the views: (row of a run) -> text. */
import { duration } from "../../format/duration.ts"
import { count, percent } from "../../format/numbers.ts"
import { pastTime } from "../../format/pastTime.ts"
import type { RunRow, RunState } from "../messages.ts"
import { element } from "./element.ts"

export const none = "–"

export const states: ReadonlyArray<RunState> = [
  "running",
  "starting",
  "waiting",
  "queued",
  "failed",
  "killed",
  "stopped",
  "damaged",
  "finished",
]

/** What a state means, for a tooltip. */
const meanings: Readonly<Record<RunState, string>> = {
  starting: "its process has not begun yet",
  running: "its process holds the run",
  waiting: "the next scheduled time resumes it",
  queued: "it waits for a worker of the queue",
  stopped: "a signal or a request stopped it; its progress is saved",
  killed: "its process is gone without a word",
  failed: "it ended with an error",
  finished: "it was trained and tested",
  damaged: "its files cannot be read",
}

export const stateBadge = (state: RunState): HTMLElement =>
  element("span", { class: "state", "data-state": state, title: meanings[state] }, state)

export const startedText = ({ createdAt }: RunRow, now: number) =>
  createdAt === "" ? none : pastTime(new Date(createdAt), new Date(now))

export const progressText = ({ iteration, iterations }: RunRow) =>
  iterations === null
    ? iteration === 0
      ? none
      : count(iteration)
    : iteration >= iterations
      ? count(iteration)
      : `${count(iteration)} of ${count(iterations)}`

/** Whole per cent. */
export const progressShare = ({ iteration, iterations }: RunRow) =>
  iterations === null || iterations === 0 ? 0 : Math.min(100, Math.floor((100 * iteration) / iterations))

export const leftText = ({ endsAtMs }: RunRow, now: number) =>
  endsAtMs === null ? none : endsAtMs > now ? duration((endsAtMs - now) / 1000) : "soon"

/** Of all attempts; the one that is running counts on. */
export const secondsOf = ({ runningSinceMs, seconds }: RunRow, now: number): number | null =>
  runningSinceMs === null ? seconds : (seconds ?? 0) + Math.max(0, now - runningSinceMs) / 1000

export const durationText = (row: RunRow, now: number) => {
  const seconds = secondsOf(row, now)
  return seconds === null ? none : duration(seconds)
}

export const speedText = ({ imagesPerSecond }: RunRow) =>
  imagesPerSecond === null ? none : count(Math.round(imagesPerSecond))

export const errorText = (error: number | null) => percent(error, none)

export const runAddress = (id: string) => `/runs/${encodeURIComponent(id)}`
