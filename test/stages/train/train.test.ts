/** Training ends with the same bytes, however it was interrupted on the way. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Path } from "effect"
import { checkpointFile, loadCheckpoint } from "../../../stages/train/checkpoint.ts"
import { attempt, contents, live, scratch, tiny, total } from "./attempt.ts"
import { assertKills } from "./kills.ts"
import { assertPowerFailures } from "./powerFailures.ts"

/** Wall-clock time that jumps back a year and forward again at every reading. */
let readings = 0
const jumpingMs = () => (++readings % 2 === 0 ? 1.7e12 : 1.7e12 - 3.2e10)
const jumpingClock = Effect.runSync(
  Effect.map(Clock.Clock, (clock): Clock.Clock => ({
    ...clock,
    sleep: (duration) => clock.sleep(duration),
    currentTimeMillisUnsafe: jumpingMs,
    currentTimeMillis: Effect.sync(jumpingMs),
    currentTimeNanosUnsafe: () => BigInt(jumpingMs()) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(jumpingMs()) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
  })),
)

describe("train", () => {
  it.live("ends with the same bytes whichever iteration it was stopped at", () =>
    live(
      Effect.gen(function* () {
        const whole = yield* scratch
        yield* attempt(whole)
        const expected = yield* contents(whole)
        // The newest three that were due, the last one, and the best: the first evaluation without errors.
        assert.deepStrictEqual(expected.names, [5, 7, 14, 21, 23].map(checkpointFile))
        for (let stopAt = 1; stopAt < total - 1; stopAt++) {
          const folder = yield* scratch
          const stopped = yield* attempt(folder, { stopAt })
          assert.isTrue(Exit.isFailure(stopped.trained), `stopped at ${stopAt}`)
          const resumed = yield* attempt(folder, { chunk: 3 })
          assert.isAtLeast(resumed.startedAt, stopAt)
          assert.deepStrictEqual(yield* contents(folder), expected, `stopped at ${stopAt}`)
        }
      }),
    ),
  )

  it.live("ends with the same bytes when it is killed at every sixth iteration, twice", () =>
    live(assertKills(6)),
  )

  it.live(
    "ends with the same bytes when the power fails at every fourth file operation, and the disk keeps half of what was not synced",
    () => live(assertPowerFailures("torn", 4)),
  )

  it.live("ends with the same bytes on a clock that jumps back and forth", () =>
    live(
      Effect.gen(function* () {
        const whole = yield* scratch
        yield* attempt(whole)
        const folder = yield* scratch
        yield* attempt(folder, { stopAt: 9 }).pipe(Effect.provideService(Clock.Clock, jumpingClock))
        yield* attempt(folder).pipe(Effect.provideService(Clock.Clock, jumpingClock))
        assert.deepStrictEqual(yield* contents(folder), yield* contents(whole))
      }),
    ),
  )

  it.live(
    "counts the same evaluations for early stopping when it is interrupted, and keeps the best checkpoint",
    () =>
      live(
        Effect.gen(function* () {
          const paths = yield* Path.Path
          const impatient = tiny({
            evaluateEvery: 2,
            earlyStopping: { patience: 2, minDelta: 10 },
            report: "best",
            keepCheckpoints: 1,
          })
          const whole = yield* scratch
          const { trained } = yield* attempt(whole, { experiment: impatient })
          const result = yield* trained
          // No evaluation is better than the first by 10, so training ends after two more. The best is found nevertheless.
          assert.strictEqual(result.progress.iteration, 6)
          assert.isTrue(result.stoppedEarly)
          assert.strictEqual(result.checkpoint, "checkpoints/iteration-00000006.safetensors")
          const best = yield* loadCheckpoint(
            paths.join(whole, "checkpoints"),
            "iteration-00000006.safetensors",
          )
          assert.strictEqual(best._tag, "Success")
          const folder = yield* scratch
          yield* attempt(folder, { experiment: impatient, stopAt: 5 })
          yield* attempt(folder, { experiment: impatient })
          assert.deepStrictEqual(yield* contents(folder), yield* contents(whole))
        }),
      ),
  )
})
