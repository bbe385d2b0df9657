/** Predictions on photographs, with a small network trained for a second. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { makePredictor } from "../../inspect/predictor.ts"
import { prepareImage } from "../../stages/preprocess/prepare.ts"
import { argmax } from "../../stages/statistics/proportions.ts"
import { readRun } from "../../storage/runDirectory.ts"
import { runCommand } from "../fixtures/command.ts"
import { digitAt } from "../fixtures/mnistTest.ts"
import { paperScene, photograph } from "../fixtures/photograph.ts"
import { onlyRun } from "../fixtures/runFiles.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-photographs-"))
const runs = join(scratch, "runs")
beforeAll(async () => {
  const { code, stderr } = await runCommand(
    "run",
    "test/fixtures/tiny.ts",
    "--iterations=300",
    "--engine=onnx",
    `--runs-dir=${runs}`,
    `--data-dir=${join(scratch, "data")}`,
  )
  assert.strictEqual(code, 0, stderr)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const services = Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)
const predictor = Effect.gen(function* () {
  return yield* makePredictor([yield* readRun(onlyRun(runs))], {
    checkpoint: undefined,
    engine: undefined,
    combination: "mean",
  })
})

describe("predict", () => {
  it.effect("keeps at least 97 % of its accuracy on synthetic photographs of digits", () =>
    Effect.gen(function* () {
      const count = 70
      const { dataset, preparation, probabilities } = yield* predictor
      const digits = Array.from({ length: count }, (_, i) => digitAt(i * 139))
      const right = (outputs: Float32Array) =>
        digits.filter(({ label }, row) => argmax(outputs, row, 10) === label).length
      const seen = yield* Effect.forEach(digits, ({ pixels }, i) =>
        Effect.promise(() => photograph(pixels, { ...paperScene, darkInk: i % 2 === 0 }, i)).pipe(
          Effect.flatMap((photo) => prepareImage(photo, `photograph ${i}`, dataset, preparation)),
          Effect.map((prepared) => prepared.pixels),
        ),
      )
      const original = right(yield* probabilities(digits.map(({ pixels }) => pixels)))
      const photographed = right(yield* probabilities(seen))
      assert.isAtLeast(original, 0.8 * count)
      assert.isAtLeast(photographed / original, 0.97, `${photographed} of ${original}`)
    }).pipe(Effect.scoped, Effect.provide(services)),
  )
})
