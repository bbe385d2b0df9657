/** Training that diverges: no value that is not finite is evaluated or saved. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Path } from "effect"
import { checkpointFile, restoreCheckpoint, saveCheckpoint } from "../../../stages/train/checkpoint.ts"
import { attempt, contents, live, scratch, total } from "./attempt.ts"

describe("train", () => {
  it.live("fails on a loss that is not finite, names the iteration, and keeps the checkpoint before it", () =>
    live(
      Effect.gen(function* () {
        const paths = yield* Path.Path
        const folder = yield* scratch
        const { trained } = yield* attempt(folder, { poisonAt: 17, chunk: 1 })
        assert.isTrue(Exit.isFailure(trained))
        const error = yield* Effect.flip(trained)
        assert.strictEqual(error._tag, "NonFiniteLoss")
        assert.match(error.message, /NaN at iteration 18; the last good checkpoint is iteration-00000014/)
        const good = yield* restoreCheckpoint(paths.join(folder, "checkpoints"), total)
        assert.isDefined(good)
        for (const { data } of good?.state ?? []) assert.isTrue(data.every((value) => Number.isFinite(value)))
      }),
    ),
  )

  it.live("neither evaluates nor saves weights that are not finite", () =>
    live(
      Effect.gen(function* () {
        const paths = yield* Path.Path
        // At an evaluation, at a checkpoint that is due, at the last one, and at one that a signal causes.
        for (const { kept, stopAt, update } of [
          { update: 5, kept: undefined },
          { update: 14, kept: 7 },
          { update: 23, kept: 21 },
          { update: 17, kept: 14, stopAt: 17 },
        ]) {
          const folder = yield* scratch
          const learningRateAt = { iteration: update - 1, value: Number.POSITIVE_INFINITY }
          const go = { learningRateAt, chunk: 1, ...(stopAt === undefined ? {} : { stopAt }) }
          const error = yield* Effect.flip((yield* attempt(folder, go)).trained)
          const expected =
            kept === undefined
              ? "no checkpoint was saved before"
              : `the last good checkpoint is ${checkpointFile(kept)}`
          assert.strictEqual(error._tag, "NonFiniteLoss", error.message)
          assert.match(
            error.message,
            /^training diverged: dense_1\/kernel.* holds -?(NaN|Infinity) at iteration \d+; /,
          )
          assert.include(error.message, ` at iteration ${update}; ${expected}`)
          const good = yield* restoreCheckpoint(paths.join(folder, "checkpoints"), total)
          assert.strictEqual(good?.progress.iteration, kept)
        }
      }),
    ),
  )

  it.live(
    "fails on a validation loss that is not finite while the weights are, and names the iteration",
    () =>
      live(
        Effect.gen(function* () {
          const folder = yield* scratch
          const learningRateAt = { iteration: 9, value: 3.4e38 }
          const error = yield* Effect.flip((yield* attempt(folder, { learningRateAt })).trained)
          assert.strictEqual(error._tag, "NonFiniteLoss", error.message)
          assert.match(
            error.message,
            /^training diverged: the validation loss is NaN at iteration 10; the last good .*-00000007/,
          )
        }),
      ),
  )

  it.live("renames a checkpoint of an older version that holds a value that is not finite", () =>
    live(
      Effect.gen(function* () {
        const paths = yield* Path.Path
        const whole = yield* scratch
        yield* attempt(whole)
        const folder = yield* scratch
        yield* attempt(folder, { stopAt: 16 })
        const checkpoints = paths.join(folder, "checkpoints")
        const newest = yield* restoreCheckpoint(checkpoints, total)
        assert.isDefined(newest)
        if (newest === undefined) return
        newest.state[1].data[0] = Number.NaN
        yield* saveCheckpoint(checkpoints, newest.state, newest.progress, "f")
        const resumed = yield* attempt(folder)
        assert.strictEqual(resumed.startedAt, 14)
        const { events, last: _, metrics, names } = yield* contents(folder)
        const expected = yield* contents(whole)
        assert.deepStrictEqual({ events, metrics }, { events: expected.events, metrics: expected.metrics })
        assert.include(names, `${newest.file}.damaged`)
      }),
    ),
  )
})
