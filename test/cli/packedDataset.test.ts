import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { writeMnistFiles } from "../fixtures/mnistFiles.ts"
import tiny from "../fixtures/tiny.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-packed-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let written: Awaited<ReturnType<typeof writeMnistFiles>>
beforeAll(async () => {
  written = await writeMnistFiles(join(scratch, "set"))
})

/** Writes an experiment on the dataset and runs it. */
const train = async (name: string, dataset: object, more: object = {}) => {
  const file = join(scratch, `${name}.ts`)
  const experiment = { ...tiny, split: { kind: "standard", validation: 40 }, dataset, ...more }
  writeFileSync(file, `export default ${JSON.stringify(experiment)}`)
  const runs = join(scratch, name)
  const { code, stderr, stdout } = await runCommand(
    "run",
    file,
    "--engine=onnx",
    "--iterations=20",
    `--runs-dir=${runs}`,
    `--data-dir=${join(scratch, "data")}`,
  )
  const run =
    code === 0
      ? join(
          runs,
          readdirSync(runs).find((entry) => /^\d{8}T/.test(entry))!,
        )
      : ""
  return { code, stderr, stdout, run }
}

const predictions = (run: string) => readFileSync(join(run, "predictions.safetensors"))

describe("a run on a packed dataset", () => {
  it("has the same predictions as a run on the IDX files of the same images", async () => {
    const idx = await train("idx", written.idx as object)
    const folder = await train("folder", written.packed.folder)
    assert.deepStrictEqual([idx.code, folder.code], [0, 0], folder.stderr)
    // The head of the file has the fingerprint of the experiment, which names the dataset.
    const values = (bytes: Buffer) => bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)))
    assert.isTrue(values(predictions(idx.run)).equals(values(predictions(folder.run))))
    assert.include(folder.stderr, "digits: 300 files, packed (300 PNG), digest")
  }, 60_000)
})
