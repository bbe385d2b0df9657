/** Schedules that are stopped, killed and started again, on a test clock. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { runNow, runSchedule } from "../../../operations/schedule/runSchedule.ts"
import { Worker } from "../../../operations/schedule/Worker.ts"
import { JobState } from "../../../schemas/ScheduledRun.ts"
import { hour, day, start, jobOf, lasting, simulateRuns } from "./onTestClock.ts"

describe("a schedule that is started again", () => {
  it.effect("stops with a checkpoint, and resumes at once when it is started again", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns((_, number) => ({ durationMs: number === 1 ? 10 * hour : hour }))
      yield* TestClock.setTime(start)
      yield* lasting(simulation, [jobOf()], 4 * hour)
      assert.lengthOf(simulation.scheduledRuns, 0)
      assert.strictEqual(simulation.runs.get("run-1")?.status, "interrupted")
      yield* TestClock.setTime(start + 6 * hour)
      yield* lasting(simulation, [jobOf()], 3 * hour)
      assert.deepStrictEqual(
        simulation.started.map(({ kind, run }) => [kind, run]),
        [
          ["train", "run-1"],
          ["resume", "run-1"],
        ],
      )
      const scheduledAt = "2026-01-01T01:30:00.000Z"
      assert.deepStrictEqual(
        simulation.scheduledRuns.map((scheduledRun) => [
          scheduledRun.scheduledAt,
          scheduledRun.startedAt,
          scheduledRun.outcome,
          scheduledRun.resumed,
        ]),
        [[scheduledAt, scheduledAt, "champion", true]],
      )
    }),
  )

  it.effect("killed during a run, follows that run after a restart, as its state says", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns()
      yield* TestClock.setTime(start + 3 * hour)
      const scheduledAt = new Date(start + 1.5 * hour).toISOString()
      simulation.runs.set("run-1", { status: "running", since: start + 1.5 * hour })
      simulation.states.set("cnn", {
        handledUntil: scheduledAt,
        open: {
          scheduledAt,
          startedAt: scheduledAt,
          run: null,
          resumed: false,
          retries: 0,
          missed: 0,
          waiting: false,
        },
        queued: null,
      })
      yield* lasting(simulation, [jobOf()], 3 * hour)
      assert.deepStrictEqual(
        simulation.started.map(({ kind, run }) => [kind, run]),
        [["follow", "run-1"]],
      )
      assert.strictEqual(simulation.scheduledRuns[0].run, "run-1")
    }),
  )

  it.effect("killed before its queued run is created, trains it under the id that it saved", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns(() => ({ durationMs: hour, noRun: true }))
      const worker = yield* Effect.provide(Worker, simulation.layer)
      const trained: Array<string | undefined> = []
      let named = 0
      let saved: JobState | undefined
      const naming = Worker.of({
        ...worker,
        nameRun: (_job, _seed, known) => Effect.sync(() => known ?? `named-${++named}`),
        train: (job, seed, run) => {
          trained.push(run)
          saved = simulation.states.get("cnn")
          return worker.train(job, seed, run)
        },
      })
      const layer = Layer.merge(simulation.layer, Layer.succeed(Worker, naming))
      yield* TestClock.setTime(start)
      yield* lasting({ ...simulation, layer }, [jobOf()], 2 * hour)
      // As a schedule that was killed left it.
      if (saved !== undefined) simulation.states.set("cnn", saved)
      yield* lasting({ ...simulation, layer }, [jobOf()], hour / 2)
      assert.deepStrictEqual(trained, ["named-1", "named-1"])
    }),
  )

  it.effect("stopped with a queued time, starts it after the run that it waits for", () =>
    Effect.gen(function* () {
      for (const catchUp of ["none", "latest"] as const) {
        const simulation = simulateRuns((_, number) => ({ durationMs: number <= 2 ? 30 * hour : hour }))
        const jobs = [jobOf({ overlap: "queue", catchUp })]
        yield* TestClock.setTime(start)
        yield* lasting(simulation, jobs, 28 * hour)
        yield* TestClock.setTime(start + 29 * hour)
        yield* lasting(simulation, jobs, 4 * day)
        const recorded = simulation.scheduledRuns.map(({ outcome, run, scheduledAt }) => [
          scheduledAt.slice(8, 10),
          outcome,
          run,
        ])
        assert.deepStrictEqual(recorded.slice(0, 3), [
          // 30 hours from the restart on: the third's time comes meanwhile, and replaces the second's.
          ["02", "skipped", null],
          ["01", "champion", "run-1"],
          ["03", "champion", "run-2"],
        ])
        assert.isNull(simulation.states.get("cnn")?.queued)
      }
    }),
  )

  it.effect("starts a queued time at once if no run is open, and records one that --now replaces", () =>
    Effect.gen(function* () {
      const queued = { scheduledAt: new Date(start + 1.5 * hour).toISOString(), missed: 2 }
      const left = { handledUntil: queued.scheduledAt, open: null, queued }
      const simulation = simulateRuns()
      simulation.states.set("cnn", left)
      yield* TestClock.setTime(start + 2 * hour)
      yield* lasting(simulation, [jobOf()], 3 * hour)
      assert.deepStrictEqual(
        simulation.scheduledRuns.map(({ missed, outcome, scheduledAt }) => [scheduledAt, outcome, missed]),
        [[queued.scheduledAt, "champion", 2]],
      )

      // Killed after the record was written, before the state was.
      simulation.states.set("cnn", left)
      yield* lasting(simulation, [jobOf()], hour)
      assert.lengthOf(simulation.scheduledRuns, 1)

      const other = simulateRuns()
      other.states.set("cnn", left)
      const running = yield* Effect.forkChild(
        runNow({
          jobs: [jobOf()],
          maxSleepMs: hour,
          stop: Effect.never,
          stopped: () => false,
          notify: () => Effect.void,
        }).pipe(Effect.provide(other.layer)),
      )
      yield* TestClock.adjust(2 * hour)
      yield* Fiber.join(running)
      assert.deepStrictEqual(
        other.scheduledRuns.map(({ outcome, scheduledAt }) => [outcome, scheduledAt === queued.scheduledAt]),
        [
          ["skipped", true],
          ["champion", false],
        ],
      )
    }),
  )

  it.effect("killed while it records a replaced time, after the new one has started, starts it once", () =>
    Effect.gen(function* () {
      // Ends two hours after the third's time, which replaced the second's.
      const simulation = simulateRuns((_, number) => ({ durationMs: number === 1 ? 50 * hour : hour }))
      const jobs = [jobOf({ overlap: "queue", catchUp: "latest" })]
      yield* TestClock.setTime(start)
      const schedule = yield* Effect.forkChild(
        runSchedule({
          jobs,
          maxSleepMs: hour,
          stop: Effect.never,
          stopped: () => false,
          notify: ({ outcome }) => (outcome === "skipped" ? Effect.sleep(4 * hour) : Effect.void),
        }).pipe(Effect.provide(simulation.layer)),
      )
      yield* TestClock.adjust(2 * day + 4 * hour)
      yield* Fiber.interrupt(schedule)
      assert.lengthOf(simulation.started, 2)
      yield* lasting(simulation, jobs, 6 * hour)
      assert.deepStrictEqual(
        simulation.scheduledRuns.map(({ outcome, run, scheduledAt }) => [
          scheduledAt.slice(8, 10),
          outcome,
          run,
        ]),
        [
          ["02", "skipped", null],
          ["01", "champion", "run-1"],
          ["03", "champion", "run-2"],
        ],
      )
    }),
  )

  it.effect("killed while it records a skipped time, records it once", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns((_, number) => ({ durationMs: number === 1 ? 30 * hour : hour }))
      yield* TestClock.setTime(start)
      const schedule = yield* Effect.forkChild(
        runSchedule({
          jobs: [jobOf()],
          maxSleepMs: hour,
          stop: Effect.never,
          stopped: () => false,
          notify: ({ outcome }) => (outcome === "skipped" ? Effect.never : Effect.void),
        }).pipe(Effect.provide(simulation.layer)),
      )
      yield* TestClock.adjust(day + 3 * hour)
      const state = simulation.states.get("cnn")
      assert.strictEqual(state?.handledUntil, new Date(start + 1.5 * hour).toISOString())
      yield* Fiber.interrupt(schedule)
      yield* lasting(simulation, [jobOf()], day)
      assert.deepStrictEqual(
        simulation.scheduledRuns.map(({ outcome, scheduledAt }) => [scheduledAt.slice(8, 10), outcome]),
        [
          ["02", "skipped"],
          ["01", "champion"],
          ["03", "champion"],
        ],
      )
    }),
  )

  it("reads a state of a version without a queue", () => {
    const state = Schema.decodeUnknownSync(JobState)({ handledUntil: "2026-01-01T01:30:00.000Z", open: null })
    assert.isNull(state.queued)
  })

  it.effect("starts no run twice when the clock is set back", () =>
    Effect.gen(function* () {
      const simulation = simulateRuns()
      yield* TestClock.setTime(start)
      yield* lasting(simulation, [jobOf()], 3 * hour)
      yield* TestClock.setTime(start + hour)
      yield* lasting(simulation, [jobOf()], 10 * hour)
      assert.lengthOf(simulation.scheduledRuns, 1)
    }),
  )
})
