/** Training ends with the same bytes when it is killed twice: (how often) -> assertions. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { attempt, contents, scratch, total } from "./attempt.ts"

/** Killed at the first iteration, and at every one that comes `step` after another; and once more four later. */
export const assertKills = Effect.fnUntraced(function* (step: number) {
  const whole = yield* scratch
  yield* attempt(whole)
  const expected = yield* contents(whole)
  for (let dieAt = 0; dieAt < total; dieAt += step) {
    const folder = yield* scratch
    yield* attempt(folder, { dieAt })
    const again = yield* attempt(folder, { dieAt: Math.min(total - 1, dieAt + 4) })
    assert.isAtMost(again.startedAt, dieAt)
    yield* attempt(folder)
    assert.deepStrictEqual(yield* contents(folder), expected, `killed at ${dieAt}`)
  }
})
