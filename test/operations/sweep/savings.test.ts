/** What pruning saved, in iterations and in the time that the runs took. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SweepProgress, TrialProgress } from "../../../operations/sweep/progress.ts"
import { savingsOf } from "../../../operations/sweep/savings.ts"
import { define } from "../../fixtures/simulatedSweep.ts"

let runsDir: string
beforeAll(() => (runsDir = mkdtempSync(join(tmpdir(), "tidemark-savings-"))))
afterAll(() => rmSync(runsDir, { recursive: true, force: true }))

const logged = (run: string, events: ReadonlyArray<readonly [second: number, iteration: number]>) => {
  mkdirSync(join(runsDir, run, "log"), { recursive: true })
  const lines = events.map(([second, iteration], i) =>
    JSON.stringify({
      level: 30,
      time: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
      attempt: 1,
      event: i === 0 ? "started" : "evaluated",
      iteration,
      msg: "",
    }),
  )
  writeFileSync(join(runsDir, run, "log", "0001.ndjson"), lines.join("\n"))
}

const trial = (status: TrialProgress["status"], iteration: number, run: string): TrialProgress => ({
  trial: 0,
  parameters: {},
  status,
  reason: null,
  values: [],
  rung: null,
  seeds: [{ iteration, run }],
})

const saved = (trials: ReadonlyArray<TrialProgress>, more = {}) =>
  Effect.runPromise(
    savingsOf(runsDir, define({ kind: "random" }, 4, more), { trials } as SweepProgress).pipe(
      Effect.provide(NodeServices.layer),
    ),
  )

describe("what pruning saved", () => {
  it("is the rest of the budget of a pruned trial, at the speed of its run; a failed trial saves nothing", async () => {
    // The budget is 200 iterations.
    logged("finished", [
      [0, 0],
      [10, 100],
      [20, 200],
    ])
    logged("pruned", [
      [0, 0],
      [4, 20],
    ])
    logged("diverged", [[0, 0]])
    assert.deepStrictEqual(
      await saved([
        trial("finished", 200, "finished"),
        trial("pruned", 20, "pruned"),
        trial("failed", 0, "diverged"),
        trial("pruned", 20, "removed"),
      ]),
      {
        iterations: { trained: 240, saved: 360 },
        seconds: { trained: 24, saved: 36 },
        // The removed run; the one that diverged took no time.
        unknown: 1,
      },
    )
  })

  it("is not known if trials have budgets of their own", async () => {
    const space = { "budget.iterations": { parameter: "integer", low: 10, high: 20 } } as const
    assert.isNull(await saved([trial("finished", 200, "finished")], { space }))
  })
})
