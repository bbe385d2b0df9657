/** The share of made photographs of digits that a network trained on MNIST reads right, by kind. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { makePredictor } from "../../inspect/predictor.ts"
import { readRun } from "../../storage/runDirectory.ts"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { kindNames } from "./photographSet.ts"
import { readPhotographs } from "./readPhotographs.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-photograph-set-"))
const runs = join(scratch, "runs")
beforeAll(async () => {
  const { code, stderr } = await runCommand(
    "run",
    "experiments/cnn-fast.ts",
    "--engine=onnx",
    `--runs-dir=${runs}`,
    `--data-dir=${join(scratch, "data")}`,
  )
  assert.strictEqual(code, 0, stderr)
}, 600_000)
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Of each kind, with each seed: a part of what `pnpm photographs` reads (docs/using-a-model.md has its figures). */
const count = 4
/** The preparation was improved on photographs of the first seed. */
const seeds = [1, 2]
const images = count * seeds.length * kindNames.length

describe("predict", () => {
  it.live(
    `reads at least 97 % of ${images} photographs of ${kindNames.length} kinds`,
    () =>
      Effect.gen(function* () {
        const run = yield* readRun(onlyRun(runs))
        const predictor = yield* makePredictor([run], {
          checkpoint: undefined,
          engine: undefined,
          combination: "mean",
        })
        const wrong: Array<string> = []
        for (const [kind, seed] of kindNames.flatMap((name) => seeds.map((each) => [name, each] as const))) {
          for (const reading of yield* readPhotographs(predictor, seed, kind, count)) {
            const { label, number } = reading.photograph
            if (reading.read !== label) {
              wrong.push(
                `${kind} ${number} of seed ${seed}: a ${label} read as ${reading.read ?? reading.reason}`,
              )
            }
          }
        }
        assert.isAtLeast(kindNames.length, 20)
        assert.isAtLeast(images, 200)
        assert.isAtMost(wrong.length, 0.03 * images, wrong.join("\n"))
      }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer))),
    1_200_000,
  )
})
