/** A year of scheduled runs on a test clock: daylight saving time, missed runs, overlaps. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { runNow } from "../../../operations/schedule/runSchedule.ts"
import { hour, day, start, jobOf, lasting, simulateRuns, localTime } from "./onTestClock.ts"

describe("a schedule at half past two in Prague", () => {
  it.effect("runs once every day of a year, including the two changes of daylight saving time", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const simulation = simulateRuns()
      yield* lasting(simulation, [jobOf({ seedPolicy: "by-date" })], 365 * day)
      assert.lengthOf(simulation.scheduledRuns, 365)
      assert.isTrue(simulation.scheduledRuns.every(({ outcome }) => outcome === "champion"))
      const local = simulation.scheduledRuns.map(({ scheduledAt }) =>
        localTime.format(Date.parse(scheduledAt)),
      )
      assert.lengthOf(new Set(local.map((text) => text.slice(0, 10))), 365)
      const odd = local.filter((text) => !text.endsWith("02:30"))
      assert.deepStrictEqual(odd, ["2026-03-29 03:30"])
      assert.include(
        simulation.scheduledRuns.map(({ scheduledAt }) => scheduledAt),
        "2026-10-25T00:30:00.000Z",
      )
      const seeds = simulation.started.map(({ seed }) => seed)
      assert.lengthOf(new Set(seeds), 365)
      assert.deepStrictEqual([seeds[0], seeds[364]], [20_260_101, 20_261_231])
      // On a clock that does not jump, every run starts at its scheduled time.
      assert.isTrue(simulation.scheduledRuns.every(({ scheduledAt, startedAt }) => scheduledAt === startedAt))
    }),
  )

  it.effect("skips the times at which it was not running, or runs the latest of them late", () =>
    Effect.gen(function* () {
      for (const catchUp of ["none", "latest"] as const) {
        const simulation = simulateRuns()
        const jobs = [jobOf({ catchUp })]
        yield* TestClock.setTime(start)
        yield* lasting(simulation, jobs, 3 * day)
        yield* TestClock.setTime(start + 8 * day + 12 * hour)
        yield* lasting(simulation, jobs, 2 * day)
        const outcomes = simulation.scheduledRuns.map(({ missed, outcome, scheduledAt }) => [
          scheduledAt.slice(8, 10),
          outcome,
          missed,
        ])
        assert.deepStrictEqual(outcomes, [
          ["01", "champion", 0],
          ["02", "champion", 0],
          ["03", "champion", 0],
          ["09", catchUp === "none" ? "missed" : "champion", 5],
          ["10", "champion", 0],
          ["11", "champion", 0],
        ])
      }
    }),
  )

  it.effect("skips a run while the previous one is running, or queues it", () =>
    Effect.gen(function* () {
      for (const overlap of ["skip", "queue"] as const) {
        const simulation = simulateRuns((_, number) => ({ durationMs: number === 1 ? 30 * hour : hour }))
        yield* TestClock.setTime(start)
        yield* lasting(simulation, [jobOf({ overlap })], 4 * day)
        const of = (scheduledAt: string) =>
          simulation.scheduledRuns.find(
            (scheduledRun) => scheduledRun.scheduledAt.slice(8, 10) === scheduledAt,
          )
        assert.strictEqual(of("01")?.outcome, "champion")
        assert.strictEqual(of("02")?.outcome, overlap === "skip" ? "skipped" : "champion")
        if (overlap === "queue") assert.strictEqual(of("02")?.startedAt, of("01")?.endedAt)
        assert.strictEqual(simulation.most(), 1)
        assert.lengthOf(simulation.scheduledRuns, 4)
      }
    }),
  )

  it.effect("runs several experiments of the same time one after the other", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns()
      yield* TestClock.setTime(start)
      yield* lasting(simulation, [jobOf({}, "a"), jobOf({}, "b"), jobOf({ cron: "0 3 * * *" }, "c")], 2 * day)
      assert.strictEqual(simulation.most(), 1)
      assert.deepStrictEqual(simulation.scheduledRuns.map(({ experiment }) => experiment).sort(), [
        ..."aabbcc",
      ])
    }),
  )

  it.effect("runs at once with --now", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns()
      yield* TestClock.setTime(start)
      const running = yield* Effect.forkChild(
        runNow({
          jobs: [jobOf(), jobOf({}, "b")],
          maxSleepMs: hour,
          stop: Effect.never,
          stopped: () => false,
          notify: () => Effect.void,
        }).pipe(Effect.provide(simulation.layer)),
      )
      yield* TestClock.adjust(2 * hour)
      assert.deepStrictEqual(
        (yield* Fiber.join(running)).map(({ outcome }) => outcome),
        ["champion", "champion"],
      )
    }),
  )
})
