/** Labels and indices of stored predictions address rows of other arrays: those outside are damage, whatever their digest. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { readPredictions } from "../../storage/predictions.ts"
import { encodeSafetensors } from "../../storage/safetensors.ts"

const folder = mkdtempSync(join(tmpdir(), "tidemark-predictions-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (labels: ReadonlyArray<number>, indices: ReadonlyArray<number>, shape = [2, 3]) => {
  const tensors = [
    { name: "probabilities", shape, data: new Float32Array(shape.reduce((a, b) => a * b)).fill(1 / 3) },
    { name: "labels", shape: [labels.length], data: Int32Array.from(labels) },
    { name: "indices", shape: [indices.length], data: Int32Array.from(indices) },
  ]
  writeFileSync(join(folder, "predictions.safetensors"), encodeSafetensors({ tensors, metadata: {} }))
}
const problem = readPredictions(folder).pipe(
  Effect.map((read) => (Result.isFailure(read) ? read.failure : undefined)),
  Effect.provide(NodeServices.layer),
)
const damaged = (found: string) => `predictions.safetensors is damaged: found ${found}`

describe("readPredictions", () => {
  it.effect("accepts labels of a class and examples of the dataset in the report, and no others", () =>
    Effect.gen(function* () {
      const dataset = { train: { examples: 60 }, test: { examples: 10 } }
      writeFileSync(join(folder, "report.json"), JSON.stringify({ dataset }))
      write([0, 2], [60, 69])
      assert.isUndefined(yield* problem)
      write([0, 2], [60, 70])
      assert.strictEqual(yield* problem, damaged("the example 70, expected 0 to 69 of the dataset"))
      write([0, 2], [-1, 60])
      assert.strictEqual(yield* problem, damaged("the example -1, expected 0 to 69 of the dataset"))
      write([0, 3], [60, 69])
      assert.strictEqual(yield* problem, damaged("the label 3, expected 0 to 2"))
    }),
  )

  it.effect("refuses an index beyond any dataset if the report is missing or does not say", () =>
    Effect.gen(function* () {
      for (const report of ["", "{}", '{"dataset":{"train":{"examples":1e9},"test":{"examples":1e9}}}']) {
        writeFileSync(join(folder, "report.json"), report)
        write([0, 1], [0, 2_139_095_040])
        assert.strictEqual(
          yield* problem,
          damaged("the example 2139095040, expected 0 to 16777215 of the dataset"),
        )
        write([0, 1], [0, 70_000])
        assert.isUndefined(yield* problem)
      }
    }),
  )

  it.effect("refuses probabilities that are not [examples, classes]", () =>
    Effect.gen(function* () {
      write([0, 1], [0, 1], [2, 3, 1])
      assert.include(yield* problem, "found probabilities of shape [2, 3, 1]")
      write([], [], [0, 2 ** 40])
      assert.include(yield* problem, "found probabilities of shape [0, 1099511627776]")
    }),
  )
})
