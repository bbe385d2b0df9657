import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { makeIterationsPerCall } from "../../../stages/train/iterationsPerCall.ts"

describe("iterations per call", () => {
  it.effect("start at one, then are as many as fit into a second, at most 100", () =>
    Effect.gen(function* () {
      const perCall = makeIterationsPerCall()
      const call = (iterations: number, ms: number) => perCall.timed(iterations, TestClock.adjust(ms))
      assert.strictEqual(perCall.next(), 1)
      yield* call(1, 300)
      assert.strictEqual(perCall.next(), 3)
      yield* call(3, 240)
      assert.strictEqual(perCall.next(), 12)
      yield* call(12, 12)
      assert.strictEqual(perCall.next(), 100)
      yield* call(100, 0)
      assert.strictEqual(perCall.next(), 100)
      yield* call(1, 60_000)
      assert.strictEqual(perCall.next(), 1)
    }),
  )

  it.effect("do not change after a call that fails, and the result of a call is returned", () =>
    Effect.gen(function* () {
      const perCall = makeIterationsPerCall()
      assert.strictEqual(yield* perCall.timed(1, Effect.succeed("result")), "result")
      assert.strictEqual(perCall.next(), 100)
      const slow = Effect.andThen(TestClock.adjust(5000), Effect.fail("broken"))
      assert.strictEqual(yield* Effect.flip(perCall.timed(1, slow)), "broken")
      assert.strictEqual(perCall.next(), 100)
    }),
  )
})
