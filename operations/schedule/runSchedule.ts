/**
 * The schedule: (jobs) -> a run at every scheduled time, until it is stopped.
 *
 * Scheduled times are found by looking at the clock, never by counting: at every look, those since the last handled
 * one are due. So a machine that slept, a clock that was set and a schedule that was not running are one case, and no
 * scheduled time is handled twice.
 */
import { Clock, Effect, Semaphore } from "effect"
import type { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import type { Job } from "./Job.ts"
import { type JobRunner, type JobRunnerOptions, makeJobRunner } from "./jobRunner.ts"
import { toIso } from "./jobState.ts"
import { dueTimes, nextTime } from "./scheduledTimes.ts"

/** A scheduled time found later than this was missed; a busy machine may be late by minutes. */
const toleranceMs = 900_000

export interface ScheduleOptions extends Omit<JobRunnerOptions, "job" | "semaphore"> {
  readonly jobs: ReadonlyArray<Job>
  /**
   * The longest time between two looks at the clock: a timer does not notice that the machine slept or the clock was
   * set.
   */
  readonly maxSleepMs: number
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
    yield* skip("missed", "the schedule was not running")
  } else if (!(yield* runner.isBusy)) yield* runner.start(scheduledAt, missed)
  else if (overlap === "queue") yield* runner.enqueue(scheduledAt, missed)
  else yield* skip("skipped", "the previous run was still running")
})

/** Dispatches the scheduled times of one job until the schedule is stopped. */
const watchClock = Effect.fnUntraced(function* (
  runner: JobRunner,
  cron: NonNullable<Job["due"]>,
  { maxSleepMs, stop, stopped }: Pick<ScheduleOptions, "maxSleepMs" | "stop" | "stopped">,
) {
  // Finding the next scheduled time takes longer than looking at the clock, so it is done once for each.
  let next = nextTime(cron, yield* runner.handledUntilMs)
  while (!stopped()) {
    const now = yield* Clock.currentTimeMillis
    if (now >= next) {
      yield* dispatch(runner, cron, now)
      next = nextTime(cron, yield* runner.handledUntilMs)
    }
    yield* Effect.raceFirst(Effect.sleep(Math.max(1, Math.min(maxSleepMs, next - now))), stop)
  }
})

/** Ends when it is stopped, after every open run has stopped; fails if a run cannot be recorded. */
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

/** Runs each job once now, one after the other, until it is stopped. */
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
