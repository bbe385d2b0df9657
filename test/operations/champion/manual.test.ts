/** Promotions and rollbacks by hand. */
import { rmSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { promoteRun, rollBack } from "../../../operations/champion/manual.ts"
import { readChampion, readChampionHistory, successionOf } from "../../../storage/champions.ts"
import { findRun } from "../../../storage/runDirectory.ts"
import { finishedRunId } from "../../fixtures/finishedRun.ts"
import { inRuns, judged, wrong } from "./judged.ts"

describe("manual changes", () => {
  it.live("promote a challenger, and roll back one champion at a time", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        yield* judged({ runsDir, second: 1, right: wrong(0, 20) })
        yield* judged({ runsDir, second: 2, right: wrong(0, 10) })
        yield* judged({ runsDir, second: 3, right: wrong(0, 90) })
        yield* promoteRun(runsDir, yield* findRun(runsDir, finishedRunId(3)), "our own scans")
        assert.strictEqual(yield* readChampion(runsDir, "tiny"), finishedRunId(3))
        assert.strictEqual((yield* rollBack(runsDir, "tiny", null)).run, finishedRunId(2))
        assert.strictEqual((yield* rollBack(runsDir, "tiny", null)).run, finishedRunId(1))
        const error = yield* rollBack(runsDir, "tiny", null).pipe(Effect.flip)
        assert.match(error.message, /cannot roll back tiny: no champion before/)
        const events = yield* readChampionHistory(runsDir)
        assert.deepStrictEqual(successionOf(events), [finishedRunId(1)])
        assert.strictEqual(events[3].kind, "promoted")
      }),
    ),
  )

  it.live("roll back past a run that was removed", () =>
    inRuns((runsDir) =>
      Effect.gen(function* () {
        yield* judged({ runsDir, second: 1, right: wrong(0, 20) })
        yield* judged({ runsDir, second: 2, right: wrong(0, 10) })
        yield* judged({ runsDir, second: 3, right: wrong(0, 5) })
        rmSync(join(runsDir, finishedRunId(2)), { recursive: true })
        assert.strictEqual((yield* rollBack(runsDir, "tiny", null)).run, finishedRunId(1))
        assert.match(
          (yield* rollBack(runsDir, "none", null).pipe(Effect.flip)).message,
          /cannot roll back none: it has no champion/,
        )
      }),
    ),
  )
})
