/** Which run becomes the champion, with runs whose predictions are known. */
import { existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Runtime, Schema } from "effect"
import { promoteRun } from "../../../operations/champion/manual.ts"
import { gateRun } from "../../../operations/champion/gateRun.ts"
import { Gate } from "../../../schemas/experiment/Gate.ts"
import { readChampion, readChampionHistory } from "../../../storage/champions.ts"
import { findRun, readRun } from "../../../storage/runDirectory.ts"
import { runCommand } from "../../fixtures/command.ts"
import { scheduledRun, writeHistory } from "../../fixtures/scheduledRuns.ts"
import { type FinishedRun, finishedRunId, writeFinishedRun } from "../../fixtures/finishedRun.ts"
import { inRuns, judged, wrong } from "./judged.ts"

const gate = Schema.decodeSync(Gate)

describe("the gate", () => {
  it.live("makes the first finished run champion, and `champion:NAME` finds it", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const result = yield* judged({ runsDir, second: 1, right: wrong(0, 20) })
        assert.isTrue(result.champion)
        assert.strictEqual(yield* readChampion(runsDir, "tiny"), finishedRunId(1))
        assert.strictEqual(readFileSync(join(runsDir, "champions", "tiny"), "utf8"), `${finishedRunId(1)}\n`)
        assert.strictEqual((yield* findRun(runsDir, "champion:tiny")).identity.id, finishedRunId(1))
        const missing = yield* findRun(runsDir, "champion:cnn").pipe(Effect.flip)
        assert.match(missing.message, /cnn has no champion/)
      }),
    ),
  )

  it.live(
    "promotes a run that is not significantly worse, and keeps a worse one as a challenger with the reason",
    () =>
      inRuns((runsDir) =>
        Effect.gen(function* () {
          yield* judged({ runsDir, second: 1, right: wrong(0, 20) })
          // 4 more wrong: p = 1/16.
          const alike = yield* judged({ runsDir, second: 2, right: wrong(0, 24) })
          assert.isTrue(alike.champion, alike.reasons.join())
          // 5 more: p = 1/32.
          const worse = yield* judged({ runsDir, second: 3, right: wrong(0, 29) })
          assert.isFalse(worse.champion)
          assert.match(
            worse.reasons.join(),
            /^significantly worse than the champion: accuracy 85\.50 %, champion 88\.00 %, on 200 test examples, p = 0\.031/,
          )
          assert.strictEqual(yield* readChampion(runsDir, "tiny"), finishedRunId(2))
          const kinds = (yield* readChampionHistory(runsDir)).map(({ kind }) => kind)
          assert.deepStrictEqual(kinds, ["passed", "passed", "challenger"])
        }),
      ),
  )

  it.live("with a margin, refuses a model that is not shown to be within it", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        yield* judged({ runsDir, second: 1, right: wrong(0, 20) })
        const strict = gate({ margin: 0.01 })
        const other = yield* judged({ runsDir, second: 2, right: wrong(10, 30), gate: strict })
        assert.isFalse(other.champion)
        assert.match(other.reasons.join(), /may be worse by .* the gate allows 1\.00 points/)
        const better = yield* judged({ runsDir, second: 3, right: wrong(0, 8), gate: strict })
        assert.isTrue(better.champion, better.reasons.join())
        assert.match(
          better.reasons.join(),
          /^significantly better than the champion: accuracy 96\.00 %, champion 90\.00 %, on 200 test examples, by \d\.\d\d points or more$/,
        )
      }),
    ),
  )

  it.live("checks every limit and names each that is missed", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const floors = gate({
          leastAccuracy: 0.95,
          leastRecall: { 0: 0.5, 3: 0.99 },
          mostSizeBytes: 3999,
        })
        const result = yield* judged({ runsDir, second: 1, right: wrong(0, 20), gate: floors })
        assert.isFalse(result.champion)
        assert.deepStrictEqual(result.reasons, [
          "accuracy 90.00 %, the gate requires 95.00 %",
          "class 3 has recall 90.00 %, the gate requires 99.00 %",
          "size 4000 bytes, the gate allows 3999",
        ])
        assert.isUndefined(yield* readChampion(runsDir, "tiny"))
        const guessing = yield* judged({ runsDir, second: 2, right: wrong(20, 200) })
        assert.match(guessing.reasons.join(), /always predicting one class reaches 10\.00 %/)
      }),
    ),
  )

  it.live("does not replace a champion with its own copy", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        yield* judged({ runsDir, second: 1, right: wrong(0, 20) })
        const copy = yield* judged({ runsDir, second: 2, right: wrong(0, 20) })
        assert.isFalse(copy.champion)
        assert.match(copy.reasons.join(), /its predictions are identical to the champion's/)
      }),
    ),
  )

  it.live("on the loss, distinguishes models that are right on the same examples", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const loss = gate({ metric: "loss" })
        yield* judged({ runsDir, second: 1, right: wrong(0, 20), confidence: 0.95, gate: loss })
        const unsure = yield* judged({
          runsDir,
          second: 2,
          right: wrong(0, 20),
          confidence: 0.6,
          gate: gate({}),
        })
        assert.isTrue(unsure.champion)
        const worse = yield* judged({ runsDir, second: 3, right: wrong(0, 20), confidence: 0.3, gate: loss })
        assert.match(worse.reasons.join(), /significantly worse than the champion: loss/)
      }),
    ),
  )

  it.live("matches test examples by their files if added training data changed their indices", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        yield* judged({ runsDir, second: 1, right: wrong(0, 20) })
        const grown = yield* judged({ runsDir, second: 2, right: wrong(0, 40), trainExamples: 1300 })
        assert.isFalse(grown.champion)
        assert.strictEqual(grown.verdict?.test?.examples, 200)
      }),
    ),
  )

  it.live("keeps a champion that it cannot compare, with the reason", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const path = writeFinishedRun({ runsDir, second: 1, right: wrong(0, 20) })
        yield* gateRun(runsDir, yield* readRun(path), undefined)
        rmSync(join(path, "predictions.safetensors"))
        const blind = yield* judged({ runsDir, second: 2, right: wrong(0, 0) })
        assert.isFalse(blind.champion)
        assert.match(
          blind.reasons.join(),
          /cannot be compared with the champion: .*predictions\.safetensors is missing/,
        )
        const other = yield* judged({ runsDir, second: 3, right: wrong(0, 0), testDigest: "3" })
        assert.isFalse(other.champion)
        rmSync(path, { recursive: true })
        const gone = yield* findRun(runsDir, "champion:tiny").pipe(Effect.flip)
        assert.match(gone.message, /is not in .* any more; choose another with `pnpm pipeline promote RUN`/)
      }),
    ),
  )

  it.live("keeps a champion whose classes have other names, if both runs recorded names", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const names = [..."abcdefghij"]
        yield* judged({ runsDir, second: 1, right: wrong(0, 20), classNames: names })
        const swapped = names.with(2, "d").with(3, "c")
        const other = yield* judged({ runsDir, second: 2, right: wrong(0, 0), classNames: swapped })
        assert.isFalse(other.champion)
        assert.deepStrictEqual(other.reasons, [
          'it cannot be compared with the champion: its classes have other names: found "c" for label 2, expected "d"',
        ])
        assert.isTrue(
          (yield* judged({ runsDir, second: 3, right: wrong(0, 10), classNames: names })).champion,
        )
        assert.isTrue((yield* judged({ runsDir, second: 4, right: wrong(0, 5) })).champion)
      }),
    ),
  )

  it.live("refuses a run that is not finished", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const run = yield* readRun(
          writeFinishedRun({ runsDir, second: 1, right: [true], status: "interrupted" }),
        )
        const error = yield* gateRun(runsDir, run, undefined).pipe(Effect.flip)
        assert.match(error.message, /cannot promote .*: it is interrupted, expected a finished run/)
        assert.include(error.message, `\`pnpm pipeline resume ${relative(process.cwd(), run.path)}\``)
      }),
    ),
  )

  it.live("refuses, as a manual promotion does, a run in another folder or under another name", () =>
    inRuns((runsDir) =>
      inRuns((other) =>
        Effect.gen(function* () {
          const elsewhere = yield* readRun(
            writeFinishedRun({ runsDir: other, second: 1, right: wrong(0, 20) }),
          )
          const error = yield* gateRun(runsDir, elsewhere).pipe(Effect.flip)
          const id = finishedRunId(1)
          assert.strictEqual(
            error.message,
            `cannot promote ${id} in ${runsDir}: found it as ${id} in ${other}, expected ${id} in ${runsDir}; promote it there with --runs-dir ${other}, or copy it into ${runsDir} first`,
          )
          assert.strictEqual(Runtime.getErrorExitCode(error), 65)
          assert.deepStrictEqual(yield* promoteRun(runsDir, elsewhere, null).pipe(Effect.flip), error)

          const path = writeFinishedRun({ runsDir, second: 2, right: wrong(0, 20) })
          renameSync(path, join(runsDir, "best"))
          const renamed = yield* promoteRun(runsDir, yield* readRun(join(runsDir, "best")), null).pipe(
            Effect.flip,
          )
          assert.include(renamed.message, `rename it to ${finishedRunId(2)}`)
          assert.lengthOf(yield* readChampionHistory(runsDir), 0)

          // A link to a folder is the same folder.
          symlinkSync(other, join(runsDir, "link"))
          assert.isTrue((yield* gateRun(join(runsDir, "link"), elsewhere)).champion)
        }),
      ),
    ),
  )

  it.live("gives the same result a second time, without a second line in the history", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        yield* judged({ runsDir, second: 1, right: wrong(0, 20) })
        const run = { runsDir, second: 2, right: wrong(0, 40) }
        const first = yield* judged(run)
        assert.deepStrictEqual(yield* judged(run), first)
        assert.lengthOf(yield* readChampionHistory(runsDir), 2)
      }),
    ),
  )

  it.live("judges a challenger again that was trained further, although its accuracy is the same", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        const loss = gate({ metric: "loss" })
        yield* judged({ runsDir, second: 1, right: wrong(0, 20), confidence: 0.8 })
        const unsure: FinishedRun = { runsDir, second: 2, right: wrong(0, 20), confidence: 0.3, gate: loss }
        assert.isFalse((yield* judged(unsure)).champion)
        const path = writeFinishedRun({ ...unsure, confidence: 0.9 })
        const attempt = JSON.parse(readFileSync(join(path, "attempts", "0001.json"), "utf8"))
        const outcome = { ...attempt.outcome, endedAt: "9999-01-01T00:00:00.000Z" }
        writeFileSync(join(path, "attempts", "0002.json"), JSON.stringify({ ...attempt, number: 2, outcome }))
        const sure = yield* gateRun(runsDir, yield* readRun(path))
        assert.isTrue(sure.champion, sure.reasons.join())
        // The champion is not judged against itself.
        assert.deepStrictEqual(yield* gateRun(runsDir, yield* readRun(path)), sure)
        assert.lengthOf(yield* readChampionHistory(runsDir), 3)
      }),
    ),
  )
})

describe("the history page", () => {
  it("is updated when a run is judged, but not created without a schedule", async () => {
    await inRuns((runsDir) =>
      Effect.gen(function* () {
        writeFinishedRun({ runsDir, second: 1, right: wrong(0, 20) })
        const judge = () =>
          Effect.promise(() => runCommand("promote", finishedRunId(1), "--gate", "--runs-dir", runsDir))
        const first = yield* judge()
        assert.strictEqual(first.code, 0, first.stderr)
        assert.isFalse(existsSync(join(runsDir, "history.html")))
        writeHistory(runsDir, { scheduledRuns: [scheduledRun(28, { experiment: "tiny" })] })
        yield* judge()
        assert.include(readFileSync(join(runsDir, "history.html"), "utf8"), finishedRunId(1))
      }),
    ).pipe(Effect.runPromise)
  })
})
