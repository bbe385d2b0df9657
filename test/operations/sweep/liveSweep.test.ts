/** A sweep that is watched: its status follows from its claim, and the lines of the terminal fit it. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { renderLiveSweep, renderSweepLine } from "../../../cli/render/renderLiveSweep.ts"
import { observeSweep } from "../../../operations/sweep/liveSweep.ts"
import { keyOf, nextStep, stateOf } from "../../../operations/sweep/decide.ts"
import { decodeTrial } from "../../../operations/sweep/sweepFile.ts"
import { fingerprint } from "../../../schemas/experiment/fingerprint.ts"
import { currentProcess } from "../../../storage/lock/processIdentity.ts"
import { claimSweep } from "../../../storage/sweeps.ts"
import { byRate, define, play } from "../../fixtures/simulatedSweep.ts"
import { writeRun } from "../../fixtures/writeRun.ts"
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

  it("shows the trial that a process trains now, with its iteration", async () => {
    const runsDir = join(scratch, "training")
    const part = records.slice(0, 9 + 4)
    writeSweep(runsDir, definition, part)
    const state = stateOf(part)
    const step = nextStep(definition, state)
    const open =
      step.kind === "measure" ? step.parts.find((one) => !state.measured.has(keyOf(one))) : undefined
    assert.isDefined(open)
    if (open === undefined || open.trial === "base") return
    const decoded = await Effect.runPromise(
      decodeTrial({ path: "simulated", definition }, state.drawn.get(open.trial) ?? {}, open.seed).pipe(
        Effect.provide(NodeServices.layer),
      ),
    )
    const written = writeRun({
      runsDir,
      second: 1,
      name: "simulated",
      status: "interrupted",
      unfinished: true,
    })
    // A run's name ends with the first digits of its fingerprint.
    const run = written.replace(/0{8}$/, fingerprint(decoded).slice(0, 8))
    renameSync(written, run)
    const attempt = join(run, "attempts", "0001.json")
    const held = { ...JSON.parse(readFileSync(attempt, "utf8")), process: currentProcess(), outcome: null }
    writeFileSync(attempt, JSON.stringify(held))
    const observed = await Effect.runPromise(
      Effect.scoped(
        Effect.andThen(claimSweep(runsDir, "simulated"), observeSweep(runsDir, "simulated", undefined)),
      ).pipe(Effect.provide(NodeServices.layer)),
    )
    assert.deepStrictEqual(
      observed.training.map(({ iteration, run, seed, trial }) => ({ iteration, run, seed, trial })),
      [{ iteration: 20, run: basename(run), seed: open.seed, trial: open.trial }],
    )
    assert.include(renderLiveSweep(observed, 120).join("\n"), `trial ${open.trial}`)
  })
})
