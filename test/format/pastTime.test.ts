import { assert, describe, it } from "@effect/vitest"
import { pastTime } from "../../format/pastTime.ts"

describe("a past time in words", () => {
  const now = new Date(2026, 10, 3, 9, 30)

  it("is a clock time today and yesterday, a day this year, and a date before", () => {
    assert.strictEqual(pastTime(new Date(2026, 10, 3, 0, 5), now), "today 00:05")
    assert.strictEqual(pastTime(new Date(2026, 10, 2, 23, 59), now), "yesterday 23:59")
    assert.strictEqual(pastTime(new Date(2026, 10, 1, 14, 5), now), "1 Nov 14:05")
    assert.strictEqual(pastTime(new Date(2025, 11, 31, 14, 5), now), "31 Dec 2025")
  })

  it("has yesterday across the end of a month and a year", () => {
    const newYear = new Date(2026, 0, 1, 0, 10)
    assert.strictEqual(pastTime(new Date(2025, 11, 31, 23, 0), newYear), "yesterday 23:00")
  })

  it("is a dash if it cannot be read", () => {
    assert.strictEqual(pastTime(new Date("soon"), now), "–")
  })
})
