/** The identity of own code: what the fingerprint covers, and what a run keeps. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-own-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const fixtures = fileURLToPath(new URL("../fixtures/ownCode", import.meta.url))

/** A copy of the fixtures. */
const copy = (name: string) => {
  const folder = join(scratch, name)
  mkdirSync(folder, { recursive: true })
  cpSync(fixtures, folder, { recursive: true })
  return folder
}

const load = (folder: string) =>
  Effect.runPromise(
    loadExperiment(join(folder, "experiment.ts"), {}).pipe(
      Effect.map(({ experiment }) => experiment),
      Effect.provide(NodeServices.layer),
    ),
  )

const change = (folder: string, file: string, from: string, to: string) => {
  const path = join(folder, file)
  const text = readFileSync(path, "utf8")
  assert.include(text, from)
  writeFileSync(path, text.replace(from, to))
}

describe("the fingerprint of an experiment with own code", () => {
  it("covers every local file and the versions of packages, not where the files lie", async () => {
    const experiment = await load(copy("here"))
    assert.deepStrictEqual(Object.keys(experiment.code?.files ?? {}), ["functions.ts", "share.ts"])
    assert.deepStrictEqual(experiment.code?.packages, {
      "@tensorflow/tfjs-core": "4.22.0",
      effect: "4.1.0",
    })
    assert.strictEqual(experiment.code?.folder, "")
    const elsewhere = await load(copy("deep/er/there"))
    assert.strictEqual(fingerprint(elsewhere), fingerprint(experiment))
  }, 60_000)

  it("changes with the module and with a file that the module imports", async () => {
    const original = fingerprint(await load(copy("original")))
    const changed = copy("changed")
    change(changed, "share.ts", "0.5", "0.25")
    assert.notStrictEqual(fingerprint(await load(changed)), original)
    change(changed, "share.ts", "0.25", "0.5")
    change(changed, "functions.ts", "Dark pixels", "Darker pixels")
    assert.notStrictEqual(fingerprint(await load(changed)), original)
  }, 60_000)
})
