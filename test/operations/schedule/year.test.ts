/** A year of scheduled runs on a test clock: daylight saving time, missed runs, overlaps, failures, restarts. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { Job } from "../../../operations/schedule/Job.ts"
import { runNow, runSchedule } from "../../../operations/schedule/runSchedule.ts"
import { parseCron } from "../../../operations/schedule/scheduledTimes.ts"
import { JobState } from "../../../schemas/ScheduledRun.ts"
import { ScheduledExperiment } from "../../../schemas/Schedule.ts"
import { type Behaviour, simulateSchedule, type Started } from "../../fixtures/simulatedSchedule.ts"

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse("2026-01-01T00:00:00Z")

const cronOf = (cron: string, timezone: string) => Result.getOrThrow(parseCron(cron, timezone))
const decode = Schema.decodeSync(ScheduledExperiment)

const jobOf = (options: Partial<typeof ScheduledExperiment.Encoded> = {}, name = "cnn"): Job => {
  const job = decode({ file: "cnn.ts", cron: "30 2 * * *", timezone: "Europe/Prague", ...options })
  return { ...job, name, due: cronOf(job.cron, job.timezone) }
}

/** Runs a schedule for a while, stops it and waits for its end. */
const lasting = (simulation: ReturnType<typeof simulateSchedule>, jobs: ReadonlyArray<Job>, ms: number) =>
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

const simulateRuns = (
  behave: (started: Started, number: number) => Behaviour = () => ({ durationMs: hour }),
) => simulateSchedule(behave)

const localTime = new Intl.DateTimeFormat("sv", {
  timeZone: "Europe/Prague",
  dateStyle: "short",
  timeStyle: "short",
})

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
