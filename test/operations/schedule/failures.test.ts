/** Scheduled runs that fail on a test clock: retries, gates, time limits. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { simulateSchedule } from "../../fixtures/simulatedSchedule.ts"
import { hour, day, start, jobOf, lasting, simulateRuns } from "./onTestClock.ts"

describe("a schedule whose run fails", () => {
  it.effect("retries after unavailable data, with longer pauses, and resumes its run", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns((_, number) =>
        number <= 3 ? { durationMs: 1000, code: 69, noRun: number === 1 } : { durationMs: hour },
      )
      yield* TestClock.setTime(start)
      yield* lasting(simulation, [jobOf()], day)
      const times = simulation.started.map(({ atMs }) => (atMs - simulation.started[0].atMs) / 1000)
      assert.deepStrictEqual(times, [0, 61, 182, 423])
      assert.deepStrictEqual(
        simulation.started.map(({ kind }) => kind),
        ["train", "train", "resume", "resume"],
      )
      assert.strictEqual(simulation.scheduledRuns[0].outcome, "champion")
      assert.strictEqual(simulation.scheduledRuns[0].retries, 3)
    }),
  )

  it.effect("fails when retries are used up or the failure is permanent, and runs the next time", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns((_, number) =>
        number <= 2
          ? { durationMs: 1000, code: null }
          : number === 3
            ? { durationMs: 1000, code: 65 }
            : { durationMs: hour },
      )
      yield* TestClock.setTime(start)
      yield* lasting(simulation, [jobOf({ retries: { times: 1 } })], 3 * day)
      assert.deepStrictEqual(
        simulation.scheduledRuns.map(({ exitCode, outcome, retries }) => [outcome, exitCode, retries]),
        [
          ["failed", null, 1],
          ["failed", 65, 0],
          ["champion", 0, 0],
        ],
      )
      assert.deepStrictEqual(
        simulation.started.map(({ kind }) => kind),
        ["train", "resume", "train", "train"],
      )
    }),
  )

  it.effect("retries a gate that was busy, killed or interrupted, with the limits of training", () =>
    Effect.gen(function* () {
      const trained = () => ({ durationMs: hour })
      const codes = [75, null, 130]
      const simulation = simulateSchedule(trained, (number) => codes[number - 1])
      yield* TestClock.setTime(start)
      yield* lasting(simulation, [jobOf()], day)
      assert.deepStrictEqual(
        simulation.judged.map(({ atMs, run }) => [run, (atMs - simulation.judged[0].atMs) / 1000]),
        [0, 60, 180, 420].map((s) => ["run-1", s]),
      )
      assert.lengthOf(simulation.started, 1)
      assert.deepStrictEqual(
        simulation.scheduledRuns.map(({ exitCode, outcome, retries }) => [outcome, exitCode, retries]),
        [["champion", 0, 3]],
      )

      for (const [code, attempts, tried] of [
        [75, 2, " (tried 2 times)"],
        [65, 1, ""],
      ] as const) {
        const failing = simulateSchedule(trained, () => code)
        yield* TestClock.setTime(start)
        yield* lasting(failing, [jobOf({ retries: { times: 1 } })], day)
        assert.lengthOf(failing.judged, attempts)
        const [{ exitCode, outcome, reasons }] = failing.scheduledRuns
        assert.deepStrictEqual([outcome, exitCode], ["failed", code])
        assert.deepStrictEqual(reasons, [`trained, but the gate failed: ended with ${code}${tried}`])
      }
    }),
  )

  it.effect("stopped before it retries a gate, retries it after a restart", () =>
    Effect.gen(function* () {
      const simulation = simulateSchedule(
        () => ({ durationMs: hour }),
        (number) => (number === 1 ? 75 : undefined),
      )
      const jobs = [jobOf({ retries: { times: 1, pauseSeconds: 3600 } })]
      yield* TestClock.setTime(start)
      yield* lasting(simulation, jobs, 3 * hour)
      assert.lengthOf(simulation.scheduledRuns, 0)
      yield* lasting(simulation, jobs, hour)
      assert.deepStrictEqual(
        simulation.scheduledRuns.map(({ outcome, run }) => [outcome, run]),
        [["champion", "run-1"]],
      )
      assert.lengthOf(simulation.started, 1)
    }),
  )

  it.effect("names the probable cause if no run of the experiment was created", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns(() => ({ durationMs: hour, noRun: true }))
      yield* TestClock.setTime(start)
      yield* lasting(simulation, [jobOf()], day)
      const [{ outcome, reasons }] = simulation.scheduledRuns
      assert.strictEqual(outcome, "failed")
      assert.match(reasons[0], /^no run of cnn was created; if the experiment was renamed/)
    }),
  )

  it.effect("stops a run at its time limit, and resumes it at the next scheduled time", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns((_, number) => ({ durationMs: number === 1 ? 10 * hour : hour }))
      yield* TestClock.setTime(start)
      yield* lasting(simulation, [jobOf({ timeLimitMinutes: 120 })], 3 * day)
      assert.deepStrictEqual(
        simulation.scheduledRuns.map(({ outcome, resumed, run }) => [outcome, run, resumed]),
        [
          ["timeLimit", "run-1", false],
          ["champion", "run-1", true],
          ["champion", "run-2", false],
        ],
      )
      assert.isTrue(simulation.scheduledRuns.every(({ scheduledAt, startedAt }) => scheduledAt === startedAt))
    }),
  )
})
