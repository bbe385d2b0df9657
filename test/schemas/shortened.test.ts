/** Whatever a message quotes, it can be read: it is cut in its middle, and long lists are counted. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Failure } from "../../schemas/Failure.ts"
import { firstLines, longestMessage, shortened } from "../../schemas/shortened.ts"

describe("shortened", () => {
  it("keeps the beginning and the end, and counts the rest", () => {
    assert.strictEqual(shortened("short"), "short")
    assert.strictEqual(shortened("x".repeat(longestMessage)), "x".repeat(longestMessage))
    const text = shortened(`begin${"x".repeat(10_000)}end`, 100)
    assert.match(text, /^beginx{70}… \(9,908 characters omitted\) …x{22}end$/)
  })

  it("cuts no character in two", () => {
    for (let most = 40; most < 48; most++) assert.isTrue(shortened("😀".repeat(100), most).isWellFormed())
  })
})

describe("firstLines", () => {
  it("lists the first and counts the others", () => {
    assert.deepStrictEqual(firstLines(["a", "b"], 2), ["a", "b"])
    assert.deepStrictEqual(
      firstLines(
        Array.from({ length: 10_003 }, () => "x"),
        1,
      ),
      ["x", "and 10,002 more"],
    )
  })
})

class Quoting extends Failure<Quoting>()("Quoting", {
  exitCode: "dataError",
  fields: { found: Schema.String },
  message: ({ found }) => `cannot read it: found ${found}, expected less; shorten it`,
}) {}

describe("the message of an expected error", () => {
  it("is of a sane length and ends with the advice, whatever its fields hold", () => {
    const { message } = new Quoting({ found: "y".repeat(3_000_000) })
    assert.isBelow(message.length, longestMessage + 100)
    assert.match(message, /^cannot read it: found y.* characters omitted.*, expected less; shorten it$/)
  })
})
