/** A trial whose network the GPU refuses. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { EngineNotAvailable, GpuNotUsable } from "../../../engines/Engine.ts"
import { findMeasurement, prepareWork } from "../../../operations/sweep/parts.ts"
import { loadSweep } from "../../../operations/sweep/sweepFile.ts"
import { exitCode } from "../../../pipeline/exitCode.ts"
import { readRun } from "../../../storage/runDirectory.ts"
import { writeFinishedRun } from "../../fixtures/finishedRun.ts"
import tiny from "../../fixtures/tiny.ts"

const value = {
  name: "small",
  base: tiny,
  strategy: { kind: "grid" },
  space: { "optimizer.learningRate": { parameter: "choice", options: [0.001, 0.01] } },
}
const work = { trial: "base", seed: 0, rung: 0, isTested: false } as const

it.effect("has failed; without a GPU it has not", () =>
  Effect.gen(function* () {
    const runsDir = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "tidemark-refused-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
    )
    const sweep = yield* loadSweep({ path: "sweep.ts", value }, { checks: false, iterations: undefined })
    const training = yield* prepareWork(sweep, work, undefined)
    const measured = Effect.fnUntraced(function* (second: number, error: GpuNotUsable | EngineNotAvailable) {
      const code = exitCode(Exit.fail(error))
      const path = writeFinishedRun({
        runsDir,
        second,
        right: Array.from({ length: 10 }, () => true),
        status: "failed",
        exitCode: code,
      })
      const { dataset } = JSON.parse(readFileSync(join(path, "report.json"), "utf8"))
      writeFileSync(join(path, "stages", "validate.json"), JSON.stringify({ result: dataset }))
      return yield* findMeasurement(training, [yield* readRun(path)])
    })
    const refused = yield* measured(1, new GpuNotUsable({ found: "its updates differ" }))
    assert.strictEqual(refused?.record, "failed")
    const missing = { engine: "onnx", found: "no driver", remedy: "install it", available: [] }
    assert.isUndefined(yield* measured(2, new EngineNotAvailable(missing)))
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
)
