/** What the dashboard shows beside the runs: figures of sweeps are those of the terminal and of the static page. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { collectionDetail } from "../../dashboard/runs/collectionDetail.ts"
import { openCollections } from "../../dashboard/runs/collections.ts"
import { showObjective } from "../../operations/sweep/describe.ts"
import { progressOf } from "../../operations/sweep/progress.ts"
import type { SweepRecord } from "../../schemas/Sweep.ts"
import { byRate, define, play } from "../fixtures/simulatedSweep.ts"
import { writeSweep } from "../fixtures/writeSweep.ts"

let scratch: string
beforeAll(() => (scratch = mkdtempSync(join(tmpdir(), "tidemark-collections-"))))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const run = <A, E>(effect: Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))

const readSweep = async (runsDir: string, name = "simulated") => {
  const detail = await run(collectionDetail(runsDir, "sweeps", name))
  const { value } = await run(openCollections(runsDir)())
  return { detail: detail!, row: value.sweeps[0] }
}

describe("a sweep in the dashboard", () => {
  const definition = define({ kind: "halving", factor: 3, rungs: 3, from: "quasiRandom" }, 18, { seeds: 2 })
  const trialsOf = (records: ReadonlyArray<SweepRecord>) => progressOf(definition, records)

  it("has for each trial the mean over its seeds in the search, whatever was recorded last", async () => {
    // Retraining is bad luck for everybody, and the base is best of all.
    const { records } = play(definition, (part, parameters) =>
      part.trial === "base"
        ? 0.001
        : Number(byRate(part, parameters)) / 10 + (part.seed >= 2 ? 0.5 : 0.01 * part.seed),
    )
    const runsDir = join(scratch, "retrained")
    writeSweep(runsDir, definition, records)
    const { detail, row } = await readSweep(runsDir)
    const progress = trialsOf(records)
    const expected = progress.trials.flatMap(({ rung, trial, values }) =>
      rung === null ? [] : [{ trial, value: values[rung] }],
    )
    assert.deepStrictEqual(
      detail.points.map(({ trial, value }) => ({ trial, value })),
      expected,
    )
    const [best] = progress.ranking
    assert.strictEqual(row.best, `trial ${best.trial}: ${showObjective(definition, best.value)}`)
    assert.strictEqual(row.measured, 18)
    assert.isTrue(detail.isShare)
    // The line of the best value has only trials that reached the end.
    assert.strictEqual(detail.points.at(-1)?.best, best.value)
  })

  it("has no best trial before one has reached the end, and says which trials are in progress", async () => {
    const { records } = play(definition, byRate)
    const part = records.slice(0, 18 + 20)
    const runsDir = join(scratch, "begun")
    writeSweep(runsDir, { ...definition, objective: "validationLoss" }, part)
    const { detail, row } = await readSweep(runsDir)
    assert.isNull(row.best)
    assert.strictEqual(row.measured, 10)
    assert.strictEqual(row.trials, 18)
    assert.isFalse(detail.isShare)
    assert.isTrue(detail.points.every(({ best }) => best === null))
    assert.include(detail.tables[0].rows[0].cells.join(), "in progress")
  })
})
