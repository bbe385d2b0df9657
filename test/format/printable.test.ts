/** Control characters from outside reach no terminal. */
import { assert, describe, it } from "@effect/vitest"
import { printable } from "../../format/printable.ts"

describe("printable", () => {
  it("writes control characters and changes of direction as their numbers", () => {
    assert.strictEqual(
      printable("a\u001B[2Jb\u0007\r\u0000\u007F\u009B1m"),
      "a\\u001b[2Jb\\u0007\\u000d\\u0000\\u007f\\u009b1m",
    )
    assert.strictEqual(printable("abc\u202Etxt\u2066\u2028"), "abc\\u202etxt\\u2066\\u2028")
  })

  it("keeps line ends, tabs and every other character", () => {
    const text = "ü漢字 😀 ×·…\n\t█▀│ e\u0301"
    assert.strictEqual(printable(text), text)
  })

  it("keeps the value of JSON", () => {
    const value = { name: "\u001B\u009B\u202E\n" }
    assert.deepStrictEqual(JSON.parse(printable(JSON.stringify(value, null, 2))), value)
  })
})
