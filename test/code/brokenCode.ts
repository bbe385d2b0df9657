/** Experiments with broken own code: (module, parts of the experiment) -> the message of the error. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { OwnCodeTimeLimit } from "../../pipeline/experimentFile/ownCode.ts"
import { exitCode } from "../../pipeline/exitCode.ts"

const imports = `import * as tf from "@tensorflow/tfjs-core"
import { Schema } from "effect"
import { defineLayer, defineMetric, defineSchedule } from "tidemark/code"
`

let files = 0
/** The error of an experiment whose own layer, or other part, is `own` of this module. */
export const problemOf = async (
  content: string,
  parts = `model: [custom, { kind: "flatten" }, dense]`,
  seconds = 60,
) => {
  // Files of tests that share a process share this module: each call has a folder of its own.
  const scratch = mkdtempSync(join(tmpdir(), "tidemark-refusals-"))
  const name = `own${files++}`
  writeFileSync(join(scratch, `${name}.ts`), imports + content)
  const file = join(scratch, `${name}-experiment.ts`)
  writeFileSync(
    file,
    `const own = { kind: "custom", module: "./${name}.ts", export: "own" }
const custom = own
const dense = { kind: "dense", units: 10 }
export default {
  name: "own", dataset: "mnist", loss: "softmaxCrossEntropy", batchSize: 10, budget: { iterations: 10 },
  optimizer: { kind: "sgd", learningRate: 0.1 },
  ${parts.includes("model:") ? "" : `model: [{ kind: "flatten" }, dense],`}
  ${parts},
}
`,
  )
  const exit = await Effect.runPromise(
    loadExperiment(file, {}).pipe(
      Effect.provide(NodeServices.layer),
      Effect.provideService(OwnCodeTimeLimit, Duration.seconds(seconds)),
      Effect.exit,
    ),
  ).finally(() => rmSync(scratch, { recursive: true, force: true }))
  assert.strictEqual(exitCode(exit), 65)
  const error = await Effect.runPromise(Effect.flip(exit as unknown as Effect.Effect<never, Error>))
  return error.message
}

/** A module that exports a layer with this body of its `call`, which begins at line 6. */
export const layer = (call: string, more = "") => `export const own = defineLayer({ ${more}
  call: ({ input, weights }) => {
    ${call}
  },
})`
