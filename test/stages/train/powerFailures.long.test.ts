/** The power fails at every file operation of a short training. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Path } from "effect"
import { checkpointFile } from "../../../stages/train/checkpoint.ts"
import { optimizers } from "../../../schemas/index.ts"
import { powerCut } from "../../fixtures/powerCut.ts"
import { attempt, type AttemptOptions, contents, live, scratch, tiny } from "./attempt.ts"
import { assertPowerFailures } from "./powerFailures.ts"

describe("train", () => {
  for (const [disk, kept] of [
    ["kept", "everything"],
    ["lost", "only what was synced"],
    ["torn", "half of what was not synced"],
  ] as const) {
    it.live(
      `ends with the same bytes whichever file operation the power fails at, if the disk keeps ${kept}`,
      () => live(assertPowerFailures(disk, 1)),
    )
  }

  it.live("makes a lost best checkpoint again whichever file operation the power fails at", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const paths = yield* Path.Path
        const go: AttemptOptions = {
          experiment: tiny({
            budget: { iterations: 5 },
            recordEvery: 1,
            evaluateEvery: 3,
            checkpointEvery: 2,
            report: "best",
            // The last evaluation is no better than the first, so the best checkpoint is not the last one.
            optimizer: optimizers.adam({ learningRate: 1e-9 }),
          }),
        }
        const whole = yield* scratch
        const { trained } = yield* attempt(whole, go)
        const expected = yield* contents(whole)
        const best = (yield* trained).checkpoint
        assert.strictEqual(best, `checkpoints/${checkpointFile(3)}`)
        const lose = Effect.gen(function* () {
          const folder = yield* scratch
          yield* fs.copy(whole, folder, { overwrite: true })
          yield* fs.remove(paths.join(folder, best))
          return folder
        })
        const untouched = powerCut(Number.POSITIVE_INFINITY, "kept")
        const again = yield* attempt(yield* lose, go).pipe(Effect.provide(untouched.layer))
        assert.strictEqual(again.startedAt, 2)
        for (let operation = 0; operation < untouched.done.length; operation++) {
          const folder = yield* lose
          yield* attempt(folder, go).pipe(Effect.provide(powerCut(operation, "lost").layer))
          yield* attempt(folder, go).pipe(Effect.provide(powerCut(Number.POSITIVE_INFINITY, "kept").layer))
          const where = `power off before operation ${operation}, ${untouched.done[operation]}`
          assert.deepStrictEqual(yield* contents(folder), expected, where)
        }
      }),
    ),
  )
})
