/** A year of nights on a played clock: daylight saving, missed nights, overlaps, failures, restarts. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import type { Job } from "../../../operations/schedule/Job.ts"
import { runNow, runSchedule } from "../../../operations/schedule/runSchedule.ts"
import { dateOf, dueTimes, parseCron } from "../../../operations/schedule/scheduledTimes.ts"
import { JobState } from "../../../schemas/ScheduledRun.ts"
import { ScheduledExperiment } from "../../../schemas/Schedule.ts"
import { type Play, played, type Started } from "../../fixtures/playedSchedule.ts"

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse("2026-01-01T00:00:00Z")

const cronOf = (cron: string, timezone: string) => Result.getOrThrow(parseCron(cron, timezone))
const decode = Schema.decodeSync(ScheduledExperiment)

const jobOf = (options: Partial<typeof ScheduledExperiment.Encoded> = {}, name = "cnn"): Job => {
  const job = decode({ file: "cnn.ts", cron: "30 2 * * *", timezone: "Europe/Prague", ...options })
  return { ...job, name, due: cronOf(job.cron, job.timezone) }
}

/** Lets a schedule run for a while, then asks it to stop and waits for its end. */
const lasting = (theatre: ReturnType<typeof played>, jobs: ReadonlyArray<Job>, ms: number) =>
  Effect.gen(function* () {
    const stop = yield* Deferred.make<string>()
    let stopped = false
    const schedule = yield* Effect.forkChild(
      runSchedule({
        jobs,
        lookMs: hour,
        stop: Deferred.await(stop),
        stopped: () => stopped,
        notify: () => Effect.void,
      }),
    )
    yield* TestClock.adjust(ms)
    stopped = true
    yield* Deferred.succeed(stop, "SIGTERM")
    yield* Fiber.join(schedule)
  }).pipe(Effect.provide(theatre.layer))

const theatreOf = (play: (started: Started, number: number) => Play = () => ({ durationMs: hour })) =>
  played(play)

const localTime = new Intl.DateTimeFormat("sv", {
  timeZone: "Europe/Prague",
  dateStyle: "short",
  timeStyle: "short",
})

describe("a schedule at half past two in Prague", () => {
  it.effect("has one night every day of a year, the two changes of daylight saving among them", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const theatre = theatreOf()
      yield* lasting(theatre, [jobOf({ seedPolicy: "by-date" })], 365 * day)
      assert.lengthOf(theatre.scheduledRuns, 365)
      assert.isTrue(theatre.scheduledRuns.every(({ outcome }) => outcome === "champion"))
      const local = theatre.scheduledRuns.map(({ scheduledAt }) => localTime.format(Date.parse(scheduledAt)))
      assert.lengthOf(new Set(local.map((text) => text.slice(0, 10))), 365)
      const odd = local.filter((text) => !text.endsWith("02:30"))
      assert.deepStrictEqual(odd, ["2026-03-29 03:30"])
      assert.include(
        theatre.scheduledRuns.map(({ scheduledAt }) => scheduledAt),
        "2026-10-25T00:30:00.000Z",
      )
      const seeds = theatre.started.map(({ seed }) => seed)
      assert.lengthOf(new Set(seeds), 365)
      assert.deepStrictEqual([seeds[0], seeds[364]], [20_260_101, 20_261_231])
      // A night begins within a look of its slot, as on a clock that jumps by nothing it begins at once.
      assert.isTrue(theatre.scheduledRuns.every(({ scheduledAt, startedAt }) => scheduledAt === startedAt))
    }),
  )

  it.effect("leaves out slots that passed while it was not there, or makes up for the latest", () =>
    Effect.gen(function* () {
      for (const catchUp of ["none", "latest"] as const) {
        const theatre = theatreOf()
        const jobs = [jobOf({ catchUp })]
        yield* TestClock.setTime(start)
        yield* lasting(theatre, jobs, 3 * day)
        yield* TestClock.setTime(start + 8 * day + 12 * hour)
        yield* lasting(theatre, jobs, 2 * day)
        const outcomes = theatre.scheduledRuns.map(({ missed, outcome, scheduledAt }) => [
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

  it.effect("skips a slot while the night before goes on, or begins it after it", () =>
    Effect.gen(function* () {
      for (const overlap of ["skip", "queue"] as const) {
        const theatre = theatreOf((_, number) => ({ durationMs: number === 1 ? 30 * hour : hour }))
        yield* TestClock.setTime(start)
        yield* lasting(theatre, [jobOf({ overlap })], 4 * day)
        const of = (scheduledAt: string) =>
          theatre.scheduledRuns.find((scheduledRun) => scheduledRun.scheduledAt.slice(8, 10) === scheduledAt)
        assert.strictEqual(of("01")?.outcome, "champion")
        assert.strictEqual(of("02")?.outcome, overlap === "skip" ? "skipped" : "champion")
        if (overlap === "queue") assert.strictEqual(of("02")?.startedAt, of("01")?.endedAt)
        assert.strictEqual(theatre.most(), 1)
        assert.lengthOf(theatre.scheduledRuns, 4)
      }
    }),
  )

  it.effect("tries data that cannot be had again, ever later, and goes on with the run it had", () =>
    Effect.gen(function* () {
      const theatre = theatreOf((_, number) =>
        number <= 3 ? { durationMs: 1000, code: 69, noRun: number === 1 } : { durationMs: hour },
      )
      yield* TestClock.setTime(start)
      yield* lasting(theatre, [jobOf()], day)
      const times = theatre.started.map(({ atMs }) => (atMs - theatre.started[0].atMs) / 1000)
      assert.deepStrictEqual(times, [0, 61, 182, 423])
      assert.deepStrictEqual(
        theatre.started.map(({ kind }) => kind),
        ["train", "train", "goOn", "goOn"],
      )
      assert.strictEqual(theatre.scheduledRuns[0].outcome, "champion")
      assert.strictEqual(theatre.scheduledRuns[0].retries, 3)
    }),
  )

  it.effect(
    "gives a night up when tries are used up or the failure would come again, and has the next one",
    () =>
      Effect.gen(function* () {
        const theatre = theatreOf((_, number) =>
          number <= 2
            ? { durationMs: 1000, code: null }
            : number === 3
              ? { durationMs: 1000, code: 65 }
              : { durationMs: hour },
        )
        yield* TestClock.setTime(start)
        yield* lasting(theatre, [jobOf({ retries: { times: 1 } })], 3 * day)
        assert.deepStrictEqual(
          theatre.scheduledRuns.map(({ exitCode, outcome, retries }) => [outcome, exitCode, retries]),
          [
            ["failed", null, 1],
            ["failed", 65, 0],
            ["champion", 0, 0],
          ],
        )
        assert.deepStrictEqual(
          theatre.started.map(({ kind }) => kind),
          ["train", "goOn", "train", "train"],
        )
      }),
  )

  it.effect("asks a gate that was taken, killed or interrupted again, with the limits of training", () =>
    Effect.gen(function* () {
      const trained = () => ({ durationMs: hour })
      const codes = [75, null, 130]
      const theatre = played(trained, (number) => codes[number - 1])
      yield* TestClock.setTime(start)
      yield* lasting(theatre, [jobOf()], day)
      assert.deepStrictEqual(
        theatre.judged.map(({ atMs, run }) => [run, (atMs - theatre.judged[0].atMs) / 1000]),
        [0, 60, 180, 420].map((s) => ["run-1", s]),
      )
      assert.lengthOf(theatre.started, 1)
      assert.deepStrictEqual(
        theatre.scheduledRuns.map(({ exitCode, outcome, retries }) => [outcome, exitCode, retries]),
        [["champion", 0, 3]],
      )

      for (const [code, asked, tried] of [
        [75, 2, " (tried 2 times)"],
        [65, 1, ""],
      ] as const) {
        const failing = played(trained, () => code)
        yield* TestClock.setTime(start)
        yield* lasting(failing, [jobOf({ retries: { times: 1 } })], day)
        assert.lengthOf(failing.judged, asked)
        const [{ exitCode, outcome, reasons }] = failing.scheduledRuns
        assert.deepStrictEqual([outcome, exitCode], ["failed", code])
        assert.deepStrictEqual(reasons, [
          `trained, but the gate could not judge it: ended with ${code}${tried}`,
        ])
      }
    }),
  )

  it.effect("stopped before a gate is asked again, asks it when it is started", () =>
    Effect.gen(function* () {
      const theatre = played(
        () => ({ durationMs: hour }),
        (number) => (number === 1 ? 75 : undefined),
      )
      const jobs = [jobOf({ retries: { times: 1, pauseSeconds: 3600 } })]
      yield* TestClock.setTime(start)
      yield* lasting(theatre, jobs, 3 * hour)
      assert.lengthOf(theatre.scheduledRuns, 0)
      yield* lasting(theatre, jobs, hour)
      assert.deepStrictEqual(
        theatre.scheduledRuns.map(({ outcome, run }) => [outcome, run]),
        [["champion", "run-1"]],
      )
      assert.lengthOf(theatre.started, 1)
    }),
  )

  it.effect("says of a night that made no run of its experiment what may be the cause", () =>
    Effect.gen(function* () {
      const theatre = theatreOf(() => ({ durationMs: hour, noRun: true }))
      yield* TestClock.setTime(start)
      yield* lasting(theatre, [jobOf()], day)
      const [{ outcome, reasons }] = theatre.scheduledRuns
      assert.strictEqual(outcome, "failed")
      assert.match(reasons[0], /^it made no run of cnn: if the experiment has another name now/)
    }),
  )

  it.effect("stops a night at its time limit, and the next slot goes on with the same run", () =>
    Effect.gen(function* () {
      const theatre = theatreOf((_, number) => ({ durationMs: number === 1 ? 10 * hour : hour }))
      yield* TestClock.setTime(start)
      yield* lasting(theatre, [jobOf({ timeLimitMinutes: 120 })], 3 * day)
      assert.deepStrictEqual(
        theatre.scheduledRuns.map(({ outcome, resumed, run }) => [outcome, run, resumed]),
        [
          ["timeLimit", "run-1", false],
          ["champion", "run-1", true],
          ["champion", "run-2", false],
        ],
      )
      assert.isTrue(theatre.scheduledRuns.every(({ scheduledAt, startedAt }) => scheduledAt === startedAt))
    }),
  )

  it.effect("asked to stop checkpoints the night, and started again goes on with it at once", () =>
    Effect.gen(function* () {
      const theatre = theatreOf((_, number) => ({ durationMs: number === 1 ? 10 * hour : hour }))
      yield* TestClock.setTime(start)
      yield* lasting(theatre, [jobOf()], 4 * hour)
      assert.lengthOf(theatre.scheduledRuns, 0)
      assert.strictEqual(theatre.runs.get("run-1")?.status, "interrupted")
      yield* TestClock.setTime(start + 6 * hour)
      yield* lasting(theatre, [jobOf()], 3 * hour)
      assert.deepStrictEqual(
        theatre.started.map(({ kind, run }) => [kind, run]),
        [
          ["train", "run-1"],
          ["goOn", "run-1"],
        ],
      )
      const scheduledAt = "2026-01-01T01:30:00.000Z"
      assert.deepStrictEqual(
        theatre.scheduledRuns.map((scheduledRun) => [
          scheduledRun.scheduledAt,
          scheduledRun.startedAt,
          scheduledRun.outcome,
          scheduledRun.resumed,
        ]),
        [[scheduledAt, scheduledAt, "champion", true]],
      )
    }),
  )

  it.effect("killed while a night went on follows the run that still goes on, by what its state says", () =>
    Effect.gen(function* () {
      const theatre = theatreOf()
      yield* TestClock.setTime(start + 3 * hour)
      const scheduledAt = new Date(start + 1.5 * hour).toISOString()
      theatre.runs.set("run-1", { status: "running", since: start + 1.5 * hour })
      theatre.states.set("cnn", {
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
      yield* lasting(theatre, [jobOf()], 3 * hour)
      assert.deepStrictEqual(
        theatre.started.map(({ kind, run }) => [kind, run]),
        [["follow", "run-1"]],
      )
      assert.strictEqual(theatre.scheduledRuns[0].run, "run-1")
    }),
  )

  it.effect("begins a slot that was queued when it was asked to stop, after the night it waits for", () =>
    Effect.gen(function* () {
      for (const catchUp of ["none", "latest"] as const) {
        const theatre = theatreOf((_, number) => ({ durationMs: number <= 2 ? 30 * hour : hour }))
        const jobs = [jobOf({ overlap: "queue", catchUp })]
        yield* TestClock.setTime(start)
        yield* lasting(theatre, jobs, 28 * hour)
        yield* TestClock.setTime(start + 29 * hour)
        yield* lasting(theatre, jobs, 4 * day)
        const recorded = theatre.scheduledRuns.map(({ outcome, run, scheduledAt }) => [
          scheduledAt.slice(8, 10),
          outcome,
          run,
        ])
        assert.deepStrictEqual(recorded.slice(0, 3), [
          // 30 hours from the restart on: the slot of the third comes in it, and takes the place of the second's.
          ["02", "skipped", null],
          ["01", "champion", "run-1"],
          ["03", "champion", "run-2"],
        ])
        assert.isNull(theatre.states.get("cnn")?.queued)
      }
    }),
  )

  it.effect(
    "begins a queued slot at the start where the night before it is over, and tells of one that --now replaces",
    () =>
      Effect.gen(function* () {
        const queued = { scheduledAt: new Date(start + 1.5 * hour).toISOString(), missed: 2 }
        const left = { handledUntil: queued.scheduledAt, open: null, queued }
        const theatre = theatreOf()
        theatre.states.set("cnn", left)
        yield* TestClock.setTime(start + 2 * hour)
        yield* lasting(theatre, [jobOf()], 3 * hour)
        assert.deepStrictEqual(
          theatre.scheduledRuns.map(({ missed, outcome, scheduledAt }) => [scheduledAt, outcome, missed]),
          [[queued.scheduledAt, "champion", 2]],
        )

        // Killed after the line, before the state.
        theatre.states.set("cnn", left)
        yield* lasting(theatre, [jobOf()], hour)
        assert.lengthOf(theatre.scheduledRuns, 1)

        const other = theatreOf()
        other.states.set("cnn", left)
        const running = yield* Effect.forkChild(
          runNow({
            jobs: [jobOf()],
            lookMs: hour,
            stop: Effect.never,
            stopped: () => false,
            notify: () => Effect.void,
          }).pipe(Effect.provide(other.layer)),
        )
        yield* TestClock.adjust(2 * hour)
        yield* Fiber.join(running)
        assert.deepStrictEqual(
          other.scheduledRuns.map(({ outcome, scheduledAt }) => [
            outcome,
            scheduledAt === queued.scheduledAt,
          ]),
          [
            ["skipped", true],
            ["champion", false],
          ],
        )
      }),
  )

  it.effect("killed while it tells of a slot that lost its place, after that has begun, begins it once", () =>
    Effect.gen(function* () {
      // Ends two hours after the slot of the third, which took the place of the second's.
      const theatre = theatreOf((_, number) => ({ durationMs: number === 1 ? 50 * hour : hour }))
      const jobs = [jobOf({ overlap: "queue", catchUp: "latest" })]
      yield* TestClock.setTime(start)
      const schedule = yield* Effect.forkChild(
        runSchedule({
          jobs,
          lookMs: hour,
          stop: Effect.never,
          stopped: () => false,
          notify: ({ outcome }) => (outcome === "skipped" ? Effect.sleep(4 * hour) : Effect.void),
        }).pipe(Effect.provide(theatre.layer)),
      )
      yield* TestClock.adjust(2 * day + 4 * hour)
      yield* Fiber.interrupt(schedule)
      assert.lengthOf(theatre.started, 2)
      yield* lasting(theatre, jobs, 6 * hour)
      assert.deepStrictEqual(
        theatre.scheduledRuns.map(({ outcome, run, scheduledAt }) => [
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

  it.effect("killed while it tells of a slot it leaves out, tells of it once", () =>
    Effect.gen(function* () {
      const theatre = theatreOf((_, number) => ({ durationMs: number === 1 ? 30 * hour : hour }))
      yield* TestClock.setTime(start)
      const schedule = yield* Effect.forkChild(
        runSchedule({
          jobs: [jobOf()],
          lookMs: hour,
          stop: Effect.never,
          stopped: () => false,
          notify: ({ outcome }) => (outcome === "skipped" ? Effect.never : Effect.void),
        }).pipe(Effect.provide(theatre.layer)),
      )
      yield* TestClock.adjust(day + 3 * hour)
      const state = theatre.states.get("cnn")
      assert.strictEqual(state?.handledUntil, new Date(start + 1.5 * hour).toISOString())
      yield* Fiber.interrupt(schedule)
      yield* lasting(theatre, [jobOf()], day)
      assert.deepStrictEqual(
        theatre.scheduledRuns.map(({ outcome, scheduledAt }) => [scheduledAt.slice(8, 10), outcome]),
        [
          ["02", "skipped"],
          ["01", "champion"],
          ["03", "champion"],
        ],
      )
    }),
  )

  it("reads a state of a version that had no queue in it", () => {
    const state = Schema.decodeUnknownSync(JobState)({ handledUntil: "2026-01-01T01:30:00.000Z", open: null })
    assert.isNull(state.queued)
  })

  it.effect("of several experiments at one hour has one night after the other", () =>
    Effect.gen(function* () {
      const theatre = theatreOf()
      yield* TestClock.setTime(start)
      yield* lasting(theatre, [jobOf({}, "a"), jobOf({}, "b"), jobOf({ cron: "0 3 * * *" }, "c")], 2 * day)
      assert.strictEqual(theatre.most(), 1)
      assert.deepStrictEqual(theatre.scheduledRuns.map(({ experiment }) => experiment).sort(), [..."aabbcc"])
    }),
  )

  it.effect("begins no night twice when the clock is set back", () =>
    Effect.gen(function* () {
      const theatre = theatreOf()
      yield* TestClock.setTime(start)
      yield* lasting(theatre, [jobOf()], 3 * hour)
      yield* TestClock.setTime(start + hour)
      yield* lasting(theatre, [jobOf()], 10 * hour)
      assert.lengthOf(theatre.scheduledRuns, 1)
    }),
  )

  it.effect("has a night at once with --now", () =>
    Effect.gen(function* () {
      const theatre = theatreOf()
      yield* TestClock.setTime(start)
      const running = yield* Effect.forkChild(
        runNow({
          jobs: [jobOf(), jobOf({}, "b")],
          lookMs: hour,
          stop: Effect.never,
          stopped: () => false,
          notify: () => Effect.void,
        }).pipe(Effect.provide(theatre.layer)),
      )
      yield* TestClock.adjust(2 * hour)
      assert.deepStrictEqual(
        (yield* Fiber.join(running)).map(({ outcome }) => outcome),
        ["champion", "champion"],
      )
    }),
  )
})

describe("slots", () => {
  it("a bad expression, zone or date that never comes is refused in words", () => {
    const problem = (cron: string, zone: string) => {
      const parsed = parseCron(cron, zone)
      return Result.isFailure(parsed) ? parsed.failure : ""
    }
    assert.match(problem("30 2 * *", "UTC"), /give minute, hour, day, month and weekday/)
    assert.match(problem("30 25 * * *", "UTC"), /cron expression/)
    assert.match(problem("30 2 * * *", "Europe/Praha"), /time zone "Europe\/Praha" is not known/)
    assert.match(problem("0 0 31 2 *", "UTC"), /never comes/)
  })

  it("the latest of very many that are due is still the latest", () => {
    const due = dueTimes(cronOf("* * * * * *", "UTC"), start, start + 2 * day)
    assert.deepStrictEqual(due, { latest: start + 2 * day, count: 10_000 })
    assert.isUndefined(dueTimes(cronOf("30 2 * * *", "UTC"), start, start + hour))
  })

  it("the date of a night is that of its place", () => {
    const late = Date.parse("2026-11-22T23:30:00Z")
    assert.strictEqual(dateOf(late, "UTC"), 20_261_122)
    assert.strictEqual(dateOf(late, "Europe/Prague"), 20_261_123)
  })
})
