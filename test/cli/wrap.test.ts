import { assert, describe, it } from "@effect/vitest"
import { wrap } from "../../cli/render/wrap.ts"

describe("wrapping a text", () => {
  it("breaks between words and keeps the lines and margins that are there", () => {
    assert.strictEqual(
      wrap("error: two problems:\n  name: missing, expected a string", 20, 2),
      "error: two problems:\n  name: missing,\n    expected a\n    string",
    )
  })

  it("leaves a short text and a long word as they are", () => {
    assert.strictEqual(wrap("short", 20, 2), "short")
    assert.strictEqual(wrap("a runs/20261126T195914Z-cnn", 10), "a\nruns/20261126T195914Z-cnn")
    assert.strictEqual(wrap("", 10), "")
  })

  it("does not count the codes of colours", () => {
    assert.strictEqual(wrap("\u001B[31mred\u001B[39m line", 8), "\u001B[31mred\u001B[39m line")
  })

  it("keeps a number with its unit", () => {
    assert.strictEqual(wrap("it needs 7072.1 TB of memory", 17), "it needs\n7072.1 TB of\nmemory")
    assert.strictEqual(wrap("about 54 min, 0.84 % of them", 11), "about\n54 min,\n0.84 % of\nthem")
  })

  it("keeps a number with its name", () => {
    assert.strictEqual(wrap("60149 (label 2), 60211 (label 5)", 29), "60149 (label 2), 60211\n(label 5)")
    assert.strictEqual(wrap("fewer errors, p = 0.00015", 20), "fewer errors,\np = 0.00015")
  })
})
