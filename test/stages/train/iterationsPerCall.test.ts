import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { makePace } from "../../../stages/train/iterationsPerCall.ts"

describe("the pace of training", () => {
  it.effect("begins with one iteration, then takes as many as fit into a second, 100 at most", () =>
    Effect.gen(function* () {
      const pace = makePace()
      const call = (iterations: number, ms: number) => pace.timed(iterations, TestClock.adjust(ms))
      assert.strictEqual(pace.chunk(), 1)
      yield* call(1, 300)
      assert.strictEqual(pace.chunk(), 3)
      yield* call(3, 240)
      assert.strictEqual(pace.chunk(), 12)
      yield* call(12, 12)
      assert.strictEqual(pace.chunk(), 100)
      yield* call(100, 0)
      assert.strictEqual(pace.chunk(), 100)
      yield* call(1, 60_000)
      assert.strictEqual(pace.chunk(), 1)
    }),
  )

  it.effect("hands on what the call answers, and learns nothing from one that fails", () =>
    Effect.gen(function* () {
      const pace = makePace()
      assert.strictEqual(yield* pace.timed(1, Effect.succeed("answer")), "answer")
      assert.strictEqual(pace.chunk(), 100)
      const slow = Effect.andThen(TestClock.adjust(5000), Effect.fail("broken"))
      assert.strictEqual(yield* Effect.flip(pace.timed(1, slow)), "broken")
      assert.strictEqual(pace.chunk(), 100)
    }),
  )
})
