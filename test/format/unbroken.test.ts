import { assert, describe, it } from "@effect/vitest"
import { unbroken } from "../../format/unbroken.ts"

describe("texts of pages", () => {
  it("have a no-break space between a number and its unit or its name", () => {
    assert.strictEqual(
      unbroken("0.57 points fewer, p = 0.031"),
      "0.57\u00A0points fewer, p\u00A0=\u00A00.031",
    )
    assert.strictEqual(
      unbroken("since 2026-11-27 03:49 UTC by B − A"),
      "since 2026-11-27\u00A003:49\u00A0UTC by B\u00A0−\u00A0A",
    )
    assert.strictEqual(unbroken(""), "")
  })
})
