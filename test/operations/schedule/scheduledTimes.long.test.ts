/** Intervals over a whole year, as scheduledTimes.test.ts has them around the changes of daylight saving time. */
import { assert, it } from "@effect/vitest"
import { Result } from "effect"
import { nextTime, parseCron } from "../../../operations/schedule/scheduledTimes.ts"

const year = 365 * 24 * 3_600_000
const start = Date.parse("2026-01-01T00:00:00Z")

it.each([
  ["*/15 * * * *", 15],
  ["0 * * * *", 60],
  ["30 0-23 * * *", 60],
  ["0 */10 * * * *", 10],
])("scheduled times of the interval %s have no gap and no double in a year in Prague", (cron, minutes) => {
  const parsed = Result.getOrThrow(parseCron(cron, "Europe/Prague"))
  const times: Array<number> = []
  for (let at = nextTime(parsed, start - 1); at < start + year; at = nextTime(parsed, at)) times.push(at)
  assert.lengthOf(times, year / (minutes * 60_000))
  const gaps = new Set(times.slice(1).map((time, i) => (time - times[i]) / 60_000))
  assert.deepStrictEqual([...gaps], [minutes])
})
