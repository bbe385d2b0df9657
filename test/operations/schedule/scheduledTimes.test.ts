/** Cron expressions in time zones: what is refused, what is due, and the two changes of daylight saving time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, Result } from "effect"
import {
  dateOf,
  dueTimes,
  machineZone,
  nextTime,
  parseCron,
} from "../../../operations/schedule/scheduledTimes.ts"

const hour = 3_600_000
const day = 24 * hour
const start = Date.parse("2026-01-01T00:00:00Z")

const cronOf = (cron: string, timezone: string) => Result.getOrThrow(parseCron(cron, timezone))

describe("scheduled times", () => {
  it("refuses a bad expression, an unknown time zone and a date that never comes", () => {
    const problem = (cron: string, zone: string) => {
      const parsed = parseCron(cron, zone)
      return Result.isFailure(parsed) ? parsed.failure : ""
    }
    assert.match(problem("30 2 * *", "UTC"), /expected minute, hour, day, month and weekday/)
    assert.match(problem("30 25 * * *", "UTC"), /cron expression/)
    assert.match(problem("30 2 * * *", "Europe/Praha"), /unknown time zone "Europe\/Praha"/)
    assert.match(problem("0 0 31 2 *", "UTC"), /matches no date/)
  })

  it("finds the latest of very many that are due", () => {
    const due = dueTimes(cronOf("* * * * * *", "UTC"), start, start + 2 * day)
    assert.deepStrictEqual(due, { latest: start + 2 * day, count: 10_000 })
    assert.isUndefined(dueTimes(cronOf("30 2 * * *", "UTC"), start, start + hour))
  })

  it("have the date of their time zone", () => {
    const late = Date.parse("2026-11-22T23:30:00Z")
    assert.strictEqual(dateOf(late, "UTC"), 20_261_122)
    assert.strictEqual(dateOf(late, "Europe/Prague"), 20_261_123)
  })

  const timesBetween = (cron: string, zone: string, from: number, until: number) => {
    const times: Array<number> = []
    const parsed = cronOf(cron, zone)
    for (let time = nextTime(parsed, from - 1); time < until; time = nextTime(parsed, time)) times.push(time)
    return times
  }

  it.each([
    ["*/15 * * * *", 15],
    ["0 * * * *", 60],
    ["30 0-23 * * *", 60],
    ["0 */10 * * * *", 10],
  ])(
    "of the interval %s have no gap and no double around both changes of time in Prague",
    (cron, minutes) => {
      for (const from of ["2026-03-28T00:00:00Z", "2026-10-24T00:00:00Z"].map((time) => Date.parse(time))) {
        const times = timesBetween(cron, "Europe/Prague", from, from + 3 * day)
        assert.lengthOf(times, (3 * day) / (minutes * 60_000))
        const gaps = new Set(times.slice(1).map((time, i) => (time - times[i]) / 60_000))
        assert.deepStrictEqual([...gaps], [minutes])
      }
    },
  )

  it("come twice in the repeated hour for an interval within it, and once if they are fixed", () => {
    const sunday = Date.parse("2026-10-24T22:00:00Z")
    const iso = (cron: string) =>
      timesBetween(cron, "Europe/Prague", sunday, sunday + day).map((time) =>
        new Date(time).toISOString().slice(11, 16),
      )
    assert.deepStrictEqual(iso("*/30 2 * * *"), ["00:00", "00:30", "01:00", "01:30"])
    assert.deepStrictEqual(iso("0,30 2 * * *"), ["00:00", "00:30"])
    assert.deepStrictEqual(iso("30 2 * * *"), ["00:30"])
  })
})

describe("the time zone of the machine", () => {
  const zoneWith = (timezone: string) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const before = process.env.TZ
        process.env.TZ = timezone
        return before
      }),
      () => {
        const warnings: Array<string> = []
        const logger = Logger.make<unknown, void>(({ message }) => void warnings.push(String(message)))
        return machineZone.pipe(
          Effect.provide(Logger.layer([logger])),
          Effect.map((zone) => [zone, ...warnings]),
        )
      },
      (before) =>
        Effect.sync(() => {
          if (before === undefined) delete process.env.TZ
          else process.env.TZ = before
        }),
    )

  it.effect("is that of TZ, or UTC with a warning if there is no such zone", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* zoneWith("Europe/Prague"), ["Europe/Prague"])
      assert.deepStrictEqual(yield* zoneWith("Foo/Bar"), [
        "UTC",
        "TZ=Foo/Bar is not the name of a time zone, such as Europe/Prague; using UTC",
      ])
    }),
  )
})
