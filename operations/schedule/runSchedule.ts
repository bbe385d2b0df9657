/**
 * The schedule: (jobs) -> a night at every slot, until it is asked to stop.
 *
 * Slots are found by looking at the formatTime, never by counting: at every look those since the last one that was dealt with
 * are due. So a machine that slept, a clock that was set and a schedule that was not running are one case, and no slot
 * comes twice.
 */
import { Clock, Effect, Semaphore } from "effect"
import type { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import type { Job } from "./Job.ts"
import { type JobRunner, type JobRunnerOptions, makeJobRunner } from "./jobRunner.ts"
import { toIso } from "./jobState.ts"
import { dueTimes, nextTime } from "./scheduledTimes.ts"

/** A slot later than this was missed: a machine that is busy may be late by minutes. */
const toleranceMs = 900_000

export interface ScheduleOptions extends Omit<JobRunnerOptions, "job" | "semaphore"> {
  readonly jobs: ReadonlyArray<Job>
  /** The longest sleep: a timer does not notice that the machine slept or the clock was set. */
  readonly lookMs: number
}

/** Starts, queues or skips what is due at `nowMs`. */
const dispatch = Effect.fnUntraced(function* (
  runner: JobRunner,
  cron: NonNullable<Job["due"]>,
  nowMs: number,
) {
  const { catchUp, overlap } = runner.job
  const due = dueTimes(cron, yield* runner.handledUntilMs, nowMs)
  if (due === undefined) return
  const scheduledAt = toIso(due.latest)
  const missed = due.count - 1
  const skip = (outcome: "skipped" | "missed", reason: string) =>
    runner.skip({ outcome, scheduledAt, missed, reason })
  if (nowMs - due.latest > toleranceMs && catchUp === "none") {
    yield* skip("missed", "nothing was running to see it")
  } else if (!(yield* runner.isBusy)) yield* runner.start(scheduledAt, missed)
  else if (overlap === "queue") yield* runner.enqueue(scheduledAt, missed)
  else yield* skip("skipped", "the night before was still going on")
})

/** Dispatches the slots of one job until the schedule is asked to stop. */
const watchClock = Effect.fnUntraced(function* (
  runner: JobRunner,
  cron: NonNullable<Job["due"]>,
  { lookMs, stop, stopped }: Pick<ScheduleOptions, "lookMs" | "stop" | "stopped">,
) {
  // Searching for a slot takes longer than looking at the clock: once a slot.
  let next = nextTime(cron, yield* runner.handledUntilMs)
  while (!stopped()) {
    const now = yield* Clock.currentTimeMillis
    if (now >= next) {
      yield* dispatch(runner, cron, now)
      next = nextTime(cron, yield* runner.handledUntilMs)
    }
    yield* Effect.raceFirst(Effect.sleep(Math.max(1, Math.min(lookMs, next - now))), stop)
  }
})

/** Ends when asked to and every open night has stopped; fails if a night cannot be recorded. */
export const runSchedule = Effect.fn("runSchedule")(function* ({ jobs, ...options }: ScheduleOptions) {
  const semaphore = yield* Semaphore.make(1)
  const runners = yield* Effect.forEach(jobs, (job) => makeJobRunner({ job, semaphore, ...options }))
  yield* Effect.forEach(
    runners,
    (runner) => {
      const watch = runner.job.due === undefined ? Effect.void : watchClock(runner, runner.job.due, options)
      return Effect.all([runner.work, watch], { concurrency: 2, discard: true })
    },
    { concurrency: "unbounded", discard: true },
  )
})

/** One night of each job at once, one after the other; none for jobs that the request to stop came before. */
export const runNow = Effect.fn("runNow")(function* ({ jobs, ...options }: ScheduleOptions) {
  const semaphore = yield* Semaphore.make(1)
  const scheduledRuns: Array<ScheduledRun> = []
  for (const job of jobs) {
    const runner = yield* makeJobRunner({ job, semaphore, ...options })
    const scheduledRun = yield* runner.runNow
    if (scheduledRun !== undefined) scheduledRuns.push(scheduledRun)
  }
  return scheduledRuns
})
