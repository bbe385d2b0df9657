/**
 * The history of each experiment: (runs folder) -> its champions, its scheduled runs, and the run that is not
 * finished.
 *
 * It is read from `schedule.ndjson`, `champions/` and `schedule/` alone. The command `champion` and `history.html`
 * show it.
 */
import { Effect, Path } from "effect"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import type { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { listChampions, readChampionHistory } from "../../storage/champions.ts"
import { listHeaders } from "../../storage/runHeader.ts"
import { readReport } from "../../storage/report.ts"
import { readJobState, readScheduledRuns } from "./Journal.ts"

/** The time in which one run was the champion. */
export interface ChampionPeriod {
  readonly run: string
  /** Null if only the pointer is known. */
  readonly since: string | null
  /** Test accuracy; null if no record of it is left. */
  readonly accuracy: number | null
  readonly why: string
}

/** A scheduled run that is not recorded yet, or that the next one resumes. */
export interface Unfinished {
  readonly scheduledAt: string
  /** Null until it is created. */
  readonly run: string | null
  /**
   * `running`: a process works on it. `waiting`: the next scheduled run resumes it. `stopped`: the schedule does when
   * it starts.
   */
  readonly state: "running" | "waiting" | "stopped"
}

export interface ExperimentHistory {
  readonly experiment: string
  readonly champion: ChampionPeriod | null
  /** Oldest first; the last one is the current champion's. */
  readonly championPeriods: ReadonlyArray<ChampionPeriod>
  /** Every time a model was judged, promoted or rolled back, oldest first. */
  readonly events: ReadonlyArray<ChampionEvent>
  /** Oldest first. */
  readonly scheduledRuns: ReadonlyArray<ScheduledRun>
  readonly unfinished: Unfinished | null
}

export const reasonOf = (event: ChampionEvent): string =>
  "verdict" in event ? event.verdict.reasons.join("; ") : (event.reason ?? "manual")

/** The change that a person made to the champion after the last scheduled run. */
export const findManualChange = ({
  events,
  scheduledRuns,
}: Pick<ExperimentHistory, "events" | "scheduledRuns">) => {
  const last = events.at(-1)
  const endedAt = scheduledRuns.at(-1)?.endedAt
  if (last === undefined || endedAt === undefined || last.at <= endedAt) return undefined
  return last.kind === "promoted" || last.kind === "rolledBack" ? last : undefined
}

const knownAccuracy = (
  run: string,
  events: ReadonlyArray<ChampionEvent>,
  scheduledRuns: ReadonlyArray<ScheduledRun>,
) => {
  const judged = events.findLast((event) => event.run === run && "verdict" in event)
  if (judged !== undefined && "verdict" in judged) return judged.verdict.accuracy
  return (
    scheduledRuns.findLast((scheduledRun) => scheduledRun.run === run && scheduledRun.accuracy !== null)
      ?.accuracy ?? undefined
  )
}

/**
 * Reads the schedule's state. A run that it does not name yet is the newest one created since the scheduled run
 * started.
 */
const readUnfinished = Effect.fnUntraced(function* (
  runsDir: string,
  experiment: string,
  scheduledRuns: ReadonlyArray<ScheduledRun>,
) {
  const open = (yield* readJobState(runsDir, experiment))?.open ?? null
  if (open === null) return null
  const { run, scheduledAt, startedAt } = open
  // A scheduled run is recorded before the state forgets it, so one in both is finished, unless the next one resumes
  // it.
  const recorded = scheduledRuns.findLast((scheduledRun) => scheduledRun.scheduledAt === scheduledAt)?.outcome
  const waiting = open.waiting || recorded === "timeLimit" || recorded === "interrupted"
  if (recorded !== undefined && !waiting) return null
  const { runs } = yield* listHeaders(runsDir)
  const found = runs.findLast(({ createdAt, id, name }) =>
    run === null ? name === experiment && startedAt !== null && createdAt >= startedAt : id === run,
  )
  const state = found?.status === "running" ? "running" : waiting ? "waiting" : "stopped"
  return { scheduledAt, run: found?.id ?? null, state } satisfies Unfinished as Unfinished
})

/** Every experiment with a champion, a judged run or a scheduled run, sorted by name; or only the named one. */
export const readHistory = Effect.fn("readHistory")(function* (runsDir: string, only?: string) {
  const paths = yield* Path.Path
  const pointers = yield* listChampions(runsDir)
  const allEvents = yield* readChampionHistory(runsDir)
  const allScheduledRuns = yield* readScheduledRuns(runsDir)
  const names = new Set([...pointers, ...allEvents, ...allScheduledRuns].map(({ experiment }) => experiment))
  const histories: Array<ExperimentHistory> = []
  for (const experiment of [...names].sort()) {
    if (only !== undefined && experiment !== only) continue
    const events = allEvents.filter((event) => event.experiment === experiment)
    const scheduledRuns = allScheduledRuns.filter((scheduledRun) => scheduledRun.experiment === experiment)
    const championPeriods: Array<ChampionPeriod> = []
    const addPeriod = Effect.fnUntraced(function* (run: string, since: string | null, why: string) {
      const accuracy =
        knownAccuracy(run, events, scheduledRuns) ??
        (yield* readReport(paths.join(runsDir, run)))?.test.accuracy.value ??
        null
      championPeriods.push({ run, since, accuracy, why })
    })
    for (const event of events) {
      if (event.kind === "challenger") continue
      const byHand =
        event.kind === "promoted" ? "promoted: " : event.kind === "rolledBack" ? "rolled back: " : ""
      yield* addPeriod(event.run, event.at, `${byHand}${reasonOf(event)}`)
    }
    // A pointer that a person wrote has no history.
    const pointer = pointers.find((one) => one.experiment === experiment)?.run
    if (pointer !== undefined && championPeriods.length === 0) yield* addPeriod(pointer, null, "")
    histories.push({
      experiment,
      champion: championPeriods.at(-1) ?? null,
      championPeriods,
      events,
      scheduledRuns,
      unfinished: yield* readUnfinished(runsDir, experiment, scheduledRuns),
    })
  }
  return histories
})
