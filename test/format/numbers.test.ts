/** Numbers as text. */
import { assert, describe, it } from "@effect/vitest"
import { datasetTitle } from "../../format/datasetTitle.ts"
import { count, measure, percent, percentage, points, pValue, threeDigits } from "../../format/numbers.ts"

describe("numbers as text", () => {
  it("groups whole numbers by thousands", () => assert.strictEqual(count(1_234_567), "1,234,567"))

  it("writes at most three significant digits, with a minus sign", () =>
    assert.deepStrictEqual([0, 0.04049, -12.345, 1234, 1.234e-7, -0.000_015].map(measure), [
      "0",
      "0.0405",
      "−12.3",
      "1,230",
      "1.23e−7",
      "−1.5e−5",
    ]))

  it("pads losses to three significant digits", () =>
    assert.deepStrictEqual([0.09, 0.026_852, 12].map(threeDigits), ["0.0900", "0.0269", "12.0"]))

  it("writes shares in per cent, and a dash for none", () =>
    assert.deepStrictEqual(
      [percent(0.99055), percent(null), percent(undefined, "?"), percentage(0.0084)],
      ["99.06 %", "–", "?", "0.84"],
    ))

  it("writes differences in points with their sign, and p-values", () =>
    assert.deepStrictEqual(
      [points(0.002), points(-0.002), points(-0.000_01), pValue(0.000_09), pValue(0.0314)],
      ["+0.20", "−0.20", "0.00", "p < 0.0001", "p = 0.031"],
    ))
})

it("names registered datasets as they were published, and other datasets unchanged", () =>
  assert.deepStrictEqual(["mnist", "emnist-letters", "my-digits", "toString"].map(datasetTitle), [
    "MNIST",
    "EMNIST Letters",
    "my-digits",
    "toString",
  ]))
