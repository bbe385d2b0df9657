/** Training pauses at an evaluation, and its metrics up to there are those of a training without a pause. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Option } from "effect"
import { Paused } from "../../../schemas/Paused.ts"
import { attempt, contents, live, scratch } from "./attempt.ts"

it.live(
  "a paused training has a byte prefix of the metrics, and trains nothing twice when it is resumed",
  () =>
    live(
      Effect.gen(function* () {
        const whole = yield* scratch
        yield* attempt(whole)
        const expected = yield* contents(whole)
        for (const first of [5, 10, 20]) {
          const folder = yield* scratch
          const paused = yield* attempt(folder, { pauseAt: first })
          assert.instanceOf(Option.getOrUndefined(Exit.findErrorOption(paused.trained)), Paused)
          const { metrics } = yield* contents(folder)
          assert.isTrue(expected.metrics.startsWith(metrics) && metrics.length < expected.metrics.length)
          // It is there already.
          const again = yield* attempt(folder, { pauseAt: first })
          assert.instanceOf(Option.getOrUndefined(Exit.findErrorOption(again.trained)), Paused)
          assert.strictEqual(again.startedAt, first)
          assert.strictEqual((yield* contents(folder)).metrics, metrics)
          const resumed = yield* attempt(folder)
          assert.strictEqual(resumed.startedAt, first)
          assert.deepStrictEqual(yield* contents(folder), expected, `paused at ${first}`)
        }
      }),
    ),
)
