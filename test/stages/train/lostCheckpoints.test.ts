/** Training with checkpoints that are damaged, lost, or after the budget. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Path } from "effect"
import type { Parent } from "../../../schemas/Run.ts"
import { checkpointFile } from "../../../stages/train/checkpoint.ts"
import { attempt, type AttemptOptions, contents, live, scratch, tiny, total } from "./attempt.ts"

describe("train", () => {
  it.live(
    "renames a damaged newest checkpoint, resumes from the one before it and ends with the same bytes",
    () =>
      live(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const paths = yield* Path.Path
          const whole = yield* scratch
          yield* attempt(whole)
          const expected = yield* contents(whole)
          const folder = yield* scratch
          yield* attempt(folder, { stopAt: 16 })
          const newest = paths.join(folder, "checkpoints", (yield* contents(folder)).names.at(-1) ?? "")
          const bytes = yield* fs.readFile(newest)
          yield* fs.writeFile(newest, bytes.subarray(0, bytes.length - 7))
          const resumed = yield* attempt(folder)
          assert.strictEqual(resumed.startedAt, 14)
          const { names, ...same } = yield* contents(folder)
          const { names: _, ...wanted } = expected
          assert.deepStrictEqual(same, wanted)
          assert.include(names, `${paths.basename(newest)}.damaged`)
        }),
      ),
  )

  it.live(
    "makes a best checkpoint that was lost after training again, from the newest good one before it",
    () =>
      live(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const paths = yield* Path.Path
          const experiment = tiny({ report: "best", checkpointEvery: 2, keepCheckpoints: 20 })
          const whole = yield* scratch
          const { trained } = yield* attempt(whole, { experiment })
          const expected = yield* contents(whole)
          const best = `checkpoints/${checkpointFile(5)}`
          assert.strictEqual((yield* trained).checkpoint, best)
          for (const loss of ["deleted", "damaged"]) {
            const folder = yield* scratch
            yield* fs.copy(whole, folder, { overwrite: true })
            if (loss === "deleted") yield* fs.remove(paths.join(folder, best))
            else yield* fs.truncate(paths.join(folder, best), 100)
            // Interrupted once more on the way.
            const first = yield* attempt(folder, { experiment, stopAt: 9 })
            assert.strictEqual(first.startedAt, 4, loss)
            const second = yield* attempt(folder, { experiment })
            assert.isAtLeast(second.startedAt, 9)
            assert.deepStrictEqual(yield* second.trained, yield* trained)
            const { names, ...same } = yield* contents(folder)
            const { names: wanted, ...rest } = expected
            assert.deepStrictEqual(same, rest)
            assert.deepStrictEqual(
              names.filter((name) => !name.endsWith(".damaged")),
              wanted,
            )
            assert.strictEqual(names.length - wanted.length, loss === "damaged" ? 1 : 0)
          }
        }),
      ),
  )

  it.live("keeps the tested checkpoint while the run is extended", () =>
    live(
      Effect.gen(function* () {
        for (const { kept, tested } of [
          { tested: 9, kept: [5, 9, 14, 21, 23] },
          { tested: undefined, kept: [5, 14, 21, 23] },
        ]) {
          const folder = yield* scratch
          yield* attempt(folder, { experiment: tiny({ budget: { iterations: 9 } }) })
          const experiment = tiny({ keepCheckpoints: 2 })
          yield* attempt(folder, { experiment, ...(tested === undefined ? {} : { tested }) })
          assert.deepStrictEqual((yield* contents(folder)).names, kept.map(checkpointFile))
        }
      }),
    ),
  )

  it.live("refuses to start a fork over that has no good checkpoint, and changes none of its files", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const paths = yield* Path.Path
        const parent: Parent = { run: "20260101T000000Z-tiny-00000000", fingerprint: "p", iteration: 4 }
        const refused = Effect.fnUntraced(function* (folder: string, go: AttemptOptions) {
          const { startedAt, trained } = yield* attempt(folder, { ...go, parent })
          const error = yield* Effect.flip(trained)
          assert.strictEqual(startedAt, -1)
          assert.strictEqual(
            error.message,
            `cannot resume the fork: found no good checkpoint, expected one of iteration 4 (where it was forked from ${parent.run}) or later; fork again with \`pnpm pipeline run FILE --from ${parent.run}\``,
          )
        })
        const folder = yield* scratch
        yield* attempt(folder, { stopAt: 9 })
        for (const name of yield* fs.readDirectory(paths.join(folder, "checkpoints"))) {
          yield* fs.truncate(paths.join(folder, "checkpoints", name), 100)
        }
        yield* refused(folder, {})

        // The best is lost, and there is no checkpoint before it.
        const best = { experiment: tiny({ report: "best" }) }
        const whole = yield* scratch
        yield* attempt(whole, best)
        yield* fs.remove(paths.join(whole, "checkpoints", checkpointFile(5)))
        const before = yield* contents(whole)
        yield* refused(whole, best)
        assert.deepStrictEqual(yield* contents(whole), before)
      }),
    ),
  )

  it.live("starts over without any good checkpoint, and ends with the same bytes", () =>
    live(
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const paths = yield* Path.Path
        const whole = yield* scratch
        yield* attempt(whole)
        const folder = yield* scratch
        yield* attempt(folder, { stopAt: 9 })
        for (const name of yield* fs.readDirectory(paths.join(folder, "checkpoints"))) {
          yield* fs.writeFileString(paths.join(folder, "checkpoints", name), "<html>not found</html>")
        }
        const resumed = yield* attempt(folder)
        assert.strictEqual(resumed.startedAt, 0)
        const { events, metrics } = yield* contents(folder)
        const expected = yield* contents(whole)
        assert.deepStrictEqual({ events, metrics }, { events: expected.events, metrics: expected.metrics })
      }),
    ),
  )

  it.live("refuses a budget below a checkpoint, and changes no file", () =>
    live(
      Effect.gen(function* () {
        const folder = yield* scratch
        yield* attempt(folder)
        const before = yield* contents(folder)
        const { startedAt, trained } = yield* attempt(folder, {
          experiment: tiny({ budget: { iterations: total - 1 } }),
        })
        const error = yield* Effect.flip(trained)
        assert.strictEqual(error._tag, "BudgetPassed")
        assert.include(
          error.message,
          `cannot train to the budget of ${total - 1} iterations: found a checkpoint of iteration ${total}; nothing was changed`,
        )
        assert.strictEqual(startedAt, -1)
        assert.deepStrictEqual(yield* contents(folder), before)
      }),
    ),
  )
})
