/**
 * How an experiment has fared: (runs folder) -> for each experiment its champion, its nights, and what is going on.
 *
 * From what is recorded alone: `schedule.ndjson`, `champions/` and `schedule/`. What `champion` says and `history.html`
 * shows are made of it.
 */
import { Effect, Path } from "effect"
import type { ChampionEvent } from "../../schemas/Champion.ts"
import type { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { listChampions, readChampionHistory } from "../../storage/champions.ts"
import { listHeaders } from "../../storage/runHeader.ts"
import { readReport } from "../../storage/report.ts"
import { readJobState, readScheduledRuns } from "./Journal.ts"

export interface ChampionPeriod {
  readonly run: string
  /** Null where only the pointer is known. */
  readonly since: string | null
  /** On the test split; null where nobody knows it any more. */
  readonly accuracy: number | null
  readonly why: string
}

/** A night that is not over. */
export interface Unfinished {
  readonly scheduledAt: string
  /** Null before it has made one. */
  readonly run: string | null
  /** `running`: a process works on it. `waiting`: the next slot goes on with it. `stopped`: the next start does. */
  readonly state: "running" | "waiting" | "stopped"
}

export interface ExperimentHistory {
  readonly experiment: string
  readonly champion: ChampionPeriod | null
  /** Every champion, oldest first; the last one is the present one. */
  readonly championPeriods: ReadonlyArray<ChampionPeriod>
  /** Times a model was judged or moved, oldest first. */
  readonly events: ReadonlyArray<ChampionEvent>
  /** Oldest first. */
  readonly scheduledRuns: ReadonlyArray<ScheduledRun>
  readonly unfinished: Unfinished | null
}

export const reasonOf = (event: ChampionEvent): string =>
  "verdict" in event ? event.verdict.reasons.join("; ") : (event.reason ?? "by hand")

/** Where a person moved the champion after the last night. */
export const findManualChange = ({
  events,
  scheduledRuns,
}: Pick<ExperimentHistory, "events" | "scheduledRuns">) => {
  const last = events.at(-1)
  const over = scheduledRuns.at(-1)?.endedAt
  if (last === undefined || over === undefined || last.at <= over) return undefined
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

/** What the schedule's state leaves open; a run that it does not name yet is the one made since the night began. */
const readUnfinished = Effect.fnUntraced(function* (
  runsDir: string,
  experiment: string,
  scheduledRuns: ReadonlyArray<ScheduledRun>,
) {
  const open = (yield* readJobState(runsDir, experiment))?.open ?? null
  if (open === null) return null
  const { run, scheduledAt, startedAt } = open
  // A night is recorded first and forgotten then: one in both is over, but for a run that the next slot goes on with.
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

/** Every experiment that has a champion, has been judged or has had a night, by name; or the one that is named. */
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
    const begins = Effect.fnUntraced(function* (run: string, since: string | null, why: string) {
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
      yield* begins(event.run, event.at, `${byHand}${reasonOf(event)}`)
    }
    // A pointer that a person wrote, with no history to it.
    const pointer = pointers.find((one) => one.experiment === experiment)?.run
    if (pointer !== undefined && championPeriods.length === 0) yield* begins(pointer, null, "")
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
