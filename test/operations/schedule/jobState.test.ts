/** The state a job starts from after a restart, and a schedule whose records cannot be written. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { Journal } from "../../../operations/schedule/Journal.ts"
import { isBusy, openAt, restoreState } from "../../../operations/schedule/jobState.ts"
import { runSchedule } from "../../../operations/schedule/runSchedule.ts"
import { parseCron } from "../../../operations/schedule/scheduledTimes.ts"
import { StorageFailed } from "../../../storage/StorageFailed.ts"
import { simulateSchedule } from "../../fixtures/simulatedSchedule.ts"
import { scheduledRun } from "../../fixtures/scheduledRuns.ts"

const at = (day: number) => scheduledRun(day, {}).scheduledAt
const now = Date.parse(at(28))
const state = { handledUntil: at(27), open: openAt(null, at(27), 0), queued: null }

describe("a restored state", () => {
  it("starts at the present time if nothing was saved", () => {
    assert.deepStrictEqual(restoreState(undefined, [], now), {
      handledUntil: at(28),
      open: null,
      queued: null,
    })
  })

  it("keeps an open run that is not recorded, and drops one that is", () => {
    assert.deepStrictEqual(restoreState(state, [scheduledRun(26, {})], now), state)
    assert.isNull(restoreState(state, [scheduledRun(27, {})], now).open)
  })

  it("lets an open run wait that is recorded as stopped with a checkpoint", () => {
    for (const outcome of ["timeLimit", "interrupted"] as const) {
      const { open } = restoreState(state, [scheduledRun(27, { outcome })], now)
      assert.isTrue(open?.waiting)
      const resumed = openAt(open, at(28), 2)
      assert.deepStrictEqual([resumed.scheduledAt, resumed.missed, resumed.resumed], [at(28), 2, true])
    }
  })

  it("drops a queued time that is recorded", () => {
    const queued = { scheduledAt: at(28), missed: 0 }
    assert.deepStrictEqual(restoreState({ ...state, queued }, [], now).queued, queued)
    assert.isNull(restoreState({ ...state, queued }, [scheduledRun(28, { outcome: "skipped" })], now).queued)
  })

  it("counts recorded times as handled, but none from a clock that was ahead", () => {
    assert.strictEqual(restoreState(state, [scheduledRun(28, {})], now).handledUntil, at(28))
    assert.strictEqual(restoreState(state, [scheduledRun(31, {})], now).handledUntil, at(27))
    assert.strictEqual(restoreState({ ...state, handledUntil: at(31) }, [], now).handledUntil, at(28))
  })

  it("is busy while a run is open or a time is queued, not while a run waits", () => {
    assert.isTrue(isBusy(state))
    const waiting = { ...state, open: { ...state.open, waiting: true } }
    assert.isFalse(isBusy(waiting))
    assert.isTrue(isBusy({ ...waiting, queued: { scheduledAt: at(28), missed: 0 } }))
  })
})

it.effect("a schedule fails when a run cannot be recorded", () =>
  Effect.gen(function* () {
    const { layer } = simulateSchedule(() => ({ durationMs: 1000 }))
    const full = new StorageFailed({ operation: "append", path: "schedule.ndjson", code: "ENOSPC" })
    const broken = Layer.effect(
      Journal,
      Effect.map(Journal, (journal) => Journal.of({ ...journal, append: () => Effect.fail(full) })),
    ).pipe(Layer.provideMerge(layer))
    const cron = Result.getOrThrow(parseCron("30 2 * * *", "UTC"))
    const options = { seedPolicy: "fixed", engine: "auto", overlap: "skip", catchUp: "none" } as const
    const retries = { times: 0, pauseSeconds: 60 }
    const job = { name: "a", file: "a.ts", cron: "", timezone: "UTC", ...options, retries, due: cron }
    yield* TestClock.setTime(now)
    const schedule = yield* runSchedule({
      jobs: [job],
      maxSleepMs: 300_000,
      stop: Effect.never,
      stopped: () => false,
      notify: () => Effect.void,
    }).pipe(Effect.provide(broken), Effect.forkChild)
    yield* TestClock.adjust("1 day")
    assert.strictEqual(yield* Effect.flip(Fiber.join(schedule)), full)
  }),
)
