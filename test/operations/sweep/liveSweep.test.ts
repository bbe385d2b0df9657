/** A sweep that is watched: its status follows from its claim, and the lines of the terminal fit it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { renderLiveSweep, renderSweepLine } from "../../../cli/render/renderLiveSweep.ts"
import { observeSweep } from "../../../operations/sweep/liveSweep.ts"
import { claimSweep } from "../../../storage/sweeps.ts"
import { byRate, define, play } from "../../fixtures/simulatedSweep.ts"
import { writeSweep } from "../../fixtures/writeSweep.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-live-sweep-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const definition = define({ kind: "halving", factor: 3, rungs: 3, from: "quasiRandom" }, 9)
const { records } = play(definition, byRate)

describe("a sweep that is watched", () => {
  it("runs while a process holds its claim, and is interrupted without one", async () => {
    writeSweep(scratch, definition, records.slice(0, 9 + 4))
    const observe = observeSweep(scratch, "simulated", undefined)
    const [running, interrupted] = await Effect.runPromise(
      Effect.gen(function* () {
        const held = yield* Effect.scoped(Effect.andThen(claimSweep(scratch, "simulated"), observe))
        return [held, yield* observe] as const
      }).pipe(Effect.provide(NodeServices.layer)),
    )
    assert.strictEqual(running.status, "running")
    assert.strictEqual(interrupted.status, "interrupted")
    assert.deepStrictEqual(running.trainings, { done: 4, of: 9 })
    assert.deepStrictEqual(running.counts, { finished: 0, pruned: 0, failed: 0, open: 9 })
    assert.lengthOf(running.values, 4)
    assert.isNull(running.best)
    assert.deepStrictEqual(running.training, [])
    for (const columns of [40, 80, 120]) {
      assert.isTrue(renderLiveSweep(running, columns).every((line) => line.length < columns))
    }
    assert.match(
      renderSweepLine(running),
      /^running · 9 trials to barrier 1 of 3 · 4 of 9 trainings done · 9 of 9 drawn · 0 finished · 0 pruned · 0 failed$/,
    )
  })
})
