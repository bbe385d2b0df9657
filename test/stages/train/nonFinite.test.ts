/** A value that is not finite is found wherever it is in a state. */
import { assert, describe, it } from "@effect/vitest"
import { nonFiniteIn } from "../../../stages/train/NonFiniteLoss.ts"

const tensor = (name: string, data: Float32Array) => ({ name, shape: [data.length], data })

describe("nonFiniteIn", () => {
  it("names the variable and the value, at every position of every length", () => {
    for (let length = 1; length <= 9; length++) {
      for (let at = 0; at < length; at++) {
        for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
          const data = new Float32Array(length).fill(-1)
          data[at] = value
          const state = [tensor("good", new Float32Array(length)), tensor("bad", data)]
          assert.strictEqual(nonFiniteIn(state), `bad holds ${value}`)
        }
      }
    }
  })

  it("is undefined for the largest and the smallest float32 of both signs, zeros and nothing", () => {
    const largest = (2 - 2 ** -23) * 2 ** 127
    const extremes = Float32Array.of(
      largest,
      largest,
      largest,
      -largest,
      -largest,
      2 ** -149,
      -(2 ** -149),
      0,
      -0,
    )
    assert.isUndefined(nonFiniteIn([tensor("a", extremes), tensor("none", new Float32Array())]))
  })

  it("names the first of two infinities that would cancel", () => {
    const data = Float32Array.of(Number.POSITIVE_INFINITY, 0, 0, 0, Number.NEGATIVE_INFINITY)
    assert.strictEqual(nonFiniteIn([tensor("a", data)]), "a holds Infinity")
  })
})
