/** Schedules on a test clock, in Prague: the jobs of a test, and running them for a while. */
import { Deferred, Effect, Fiber, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { Job } from "../../../operations/schedule/Job.ts"
import { runSchedule } from "../../../operations/schedule/runSchedule.ts"
import { parseCron } from "../../../operations/schedule/scheduledTimes.ts"
import { ScheduledExperiment } from "../../../schemas/Schedule.ts"
import { type Behaviour, simulateSchedule, type Started } from "../../fixtures/simulatedSchedule.ts"

export const hour = 3_600_000
export const day = 24 * hour
export const start = Date.parse("2026-01-01T00:00:00Z")

export const cronOf = (cron: string, timezone: string) => Result.getOrThrow(parseCron(cron, timezone))
export const decode = Schema.decodeSync(ScheduledExperiment)

export const jobOf = (options: Partial<typeof ScheduledExperiment.Encoded> = {}, name = "cnn"): Job => {
  const job = decode({ file: "cnn.ts", cron: "30 2 * * *", timezone: "Europe/Prague", ...options })
  return { ...job, name, due: cronOf(job.cron, job.timezone) }
}

/** Runs a schedule for a while, stops it and waits for its end. */
export const lasting = (
  simulation: ReturnType<typeof simulateSchedule>,
  jobs: ReadonlyArray<Job>,
  ms: number,
) =>
  Effect.gen(function* () {
    const stop = yield* Deferred.make<string>()
    let stopped = false
    const schedule = yield* Effect.forkChild(
      runSchedule({
        jobs,
        maxSleepMs: hour,
        stop: Deferred.await(stop),
        stopped: () => stopped,
        notify: () => Effect.void,
      }),
    )
    yield* TestClock.adjust(ms)
    stopped = true
    yield* Deferred.succeed(stop, "SIGTERM")
    yield* Fiber.join(schedule)
  }).pipe(Effect.provide(simulation.layer))

export const simulateRuns = (
  behave: (started: Started, number: number) => Behaviour = () => ({ durationMs: hour }),
) => simulateSchedule(behave)

export const localTime = new Intl.DateTimeFormat("sv", {
  timeZone: "Europe/Prague",
  dateStyle: "short",
  timeStyle: "short",
})
