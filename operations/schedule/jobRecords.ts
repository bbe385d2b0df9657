/**
 * Records the scheduled runs of one job: (scheduled run) -> a line of `schedule.ndjson`, a log line and a
 * notification.
 */
import { DateTime, Effect, Ref } from "effect"
import type { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { describeScheduledRun } from "./describe.ts"
import type { Job } from "./Job.ts"
import { Journal } from "./Journal.ts"
import { Worker } from "./Worker.ts"

/** A scheduled time for which no run was started. */
export interface SkippedTime {
  readonly outcome: "skipped" | "missed"
  readonly scheduledAt: string
  /** Scheduled times before it at which the schedule was not running. */
  readonly missed: number
  readonly reason: string
}

const nowIso = Effect.map(DateTime.now, DateTime.formatIso)

/** `notify` must not fail. */
export const makeJobRecords = Effect.fnUntraced(function* (
  job: Job,
  notify: (scheduledRun: ScheduledRun) => Effect.Effect<void>,
) {
  const journal = yield* Journal
  const worker = yield* Worker
  const recorded = yield* Ref.make(
    (yield* journal.scheduledRuns).filter(({ experiment }) => experiment === job.name),
  )

  /** The record says whether the dataset changed since the last run that had one. */
  const record = Effect.fnUntraced(function* (scheduledRun: ScheduledRun) {
    const before = (yield* Ref.get(recorded)).findLast(({ dataset }) => dataset !== null)?.dataset
    const changed =
      scheduledRun.dataset !== null && before != null && scheduledRun.dataset.digest !== before.digest
    const line: ScheduledRun =
      scheduledRun.dataset === null
        ? scheduledRun
        : { ...scheduledRun, dataset: { ...scheduledRun.dataset, changed } }
    yield* journal.append(line)
    yield* Ref.update(recorded, (lines) => [...lines, line])
    const text = `${job.name}: ${describeScheduledRun(line)}`
    yield* line.outcome === "failed" ? Effect.logWarning(text) : Effect.logInfo(text)
    if (changed) yield* Effect.logInfo(`${job.name}: the dataset changed since the previous run`)
    yield* notify(line)
    return line
  })

  const recordSkipped = Effect.fnUntraced(function* ({ missed, outcome, reason, scheduledAt }: SkippedTime) {
    yield* record({
      experiment: job.name,
      scheduledAt,
      timezone: job.timezone,
      startedAt: null,
      endedAt: yield* nowIso,
      outcome,
      run: null,
      resumed: false,
      retries: 0,
      missed,
      exitCode: null,
      reasons: [reason],
      accuracy: null,
      champion: (yield* worker.champion(job.name)) ?? null,
      dataset: null,
    })
  })

  /** Removes the runs that the job's `keep` does not cover. */
  const prune = Effect.gen(function* () {
    if (job.keep === undefined) return
    const runs = new Set((yield* Ref.get(recorded)).flatMap(({ run }) => run ?? []))
    const removed = yield* worker.prune([...runs], job.keep)
    if (removed.length > 0) yield* Effect.logInfo(`${job.name}: removed ${removed.join(", ")}`)
  })

  return { all: Ref.get(recorded), record, recordSkipped, prune }
})
