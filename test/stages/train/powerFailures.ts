/** Training ends with the same bytes when the power fails: (what the disk kept, how often) -> assertions. */
import { assert } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { powerCut } from "../../fixtures/powerCut.ts"
import { attempt, type AttemptOptions, contents, scratch, tiny } from "./attempt.ts"

/** Few iterations, many files. */
const short: AttemptOptions = {
  experiment: tiny({
    budget: { iterations: 5 },
    recordEvery: 1,
    evaluateEvery: 2,
    checkpointEvery: 1,
    keepCheckpoints: 2,
  }),
}

/** The power fails before the first file operation, and before every one that comes `step` after another. */
export const assertPowerFailures = Effect.fnUntraced(function* (
  disk: "kept" | "lost" | "torn",
  step: number,
) {
  const whole = yield* scratch
  const untouched = powerCut(Number.POSITIVE_INFINITY, "kept")
  yield* attempt(whole, short).pipe(Effect.provide(untouched.layer))
  const expected = yield* contents(whole)
  assert.isAbove(untouched.done.length, 40)
  for (let operation = 0; operation < untouched.done.length; operation += step) {
    const folder = yield* scratch
    const cut = powerCut(operation, disk)
    const { trained } = yield* attempt(folder, short).pipe(Effect.provide(cut.layer))
    assert.isTrue(Exit.isFailure(trained))
    yield* attempt(folder, short).pipe(Effect.provide(powerCut(Number.POSITIVE_INFINITY, "kept").layer))
    const where = `${disk}: power off before operation ${operation}, ${untouched.done[operation]}`
    assert.deepStrictEqual(yield* contents(folder), expected, where)
  }
})
