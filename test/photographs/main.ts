/**
 * `pnpm photographs RUN [--seed 1] [--each 16] [--kind NAME] [--runs-dir runs] [--out FOLDER]`: has a trained run read
 * made photographs of digits, and counts right, wrong and refused by kind. `--out` keeps those that were not read right.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { makePredictor } from "../../inspect/predictor.ts"
import { findRun } from "../../storage/runDirectory.ts"
import { table } from "../../cli/render/table.ts"
import { kindNames } from "./photographSet.ts"
import { type Reading, readPhotographs } from "./readPhotographs.ts"

const { positionals, values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== "--"),
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    each: { type: "string", default: "16" },
    kind: { type: "string" },
    "runs-dir": { type: "string", default: "runs" },
    out: { type: "string" },
  },
})

const keep = (folder: string, { photograph: { bytes, kind, label, number }, ...reading }: Reading) => {
  mkdirSync(folder, { recursive: true })
  const found = reading.read === undefined ? "refused" : `read as ${reading.read}`
  writeFileSync(join(folder, `${kind} ${number}, a ${label} ${found}.img`), bytes)
  if (reading.reason !== undefined) console.error(`${kind} ${number}: ${reading.reason}`)
}

const main = Effect.gen(function* () {
  const run = yield* findRun(values["runs-dir"], positionals[0] ?? "latest")
  const predictor = yield* makePredictor([run], {
    checkpoint: undefined,
    engine: undefined,
    combination: "mean",
  })
  const rows: Array<ReadonlyArray<string | number>> = []
  let [images, right] = [0, 0]
  for (const kind of kindNames.filter((name) => values.kind === undefined || name === values.kind)) {
    const readings = yield* readPhotographs(predictor, Number(values.seed), kind, Number(values.each))
    const wrong = readings.filter(({ photograph, read }) => read !== photograph.label)
    if (values.out !== undefined) for (const reading of wrong) keep(values.out, reading)
    const refused = wrong.filter(({ read }) => read === undefined).length
    const doubtful = readings.filter(({ doubts }) => doubts.length > 0).length
    images += readings.length
    right += readings.length - wrong.length
    rows.push([
      kind,
      readings.length,
      readings.length - wrong.length,
      wrong.length - refused,
      refused,
      doubtful,
    ])
  }
  console.log(table(["kind", "images", "right", "wrong", "refused", "doubtful"], rows))
  console.log(`\n${right} of ${images} right: ${((100 * right) / images).toFixed(1)} %`)
})

await Effect.runPromise(
  main.pipe(Effect.scoped, Effect.provide(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer))),
)
