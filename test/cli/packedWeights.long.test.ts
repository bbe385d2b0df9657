/** The same images give the same weights, byte for byte, in whatever format they are. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { packedKinds, writeMnistFiles } from "../fixtures/mnistFiles.ts"
import tiny from "../fixtures/tiny.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-weights-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let written: Awaited<ReturnType<typeof writeMnistFiles>>

const only = (folder: string, pattern: RegExp) =>
  join(
    folder,
    readdirSync(folder)
      .filter((name) => pattern.test(name))
      .sort()
      .at(-1)!,
  )

/** The bytes of all tensors of the last checkpoint: weights, state of the optimizer, averages. */
const trainedOn = async (name: string, dataset: unknown) => {
  const file = join(scratch, `${name}.ts`)
  const experiment = { ...tiny, split: { kind: "standard", validation: 40 }, dataset }
  writeFileSync(file, `export default ${JSON.stringify(experiment)}`)
  const [runs, data] = [join(scratch, name), join(scratch, `${name}-data`)]
  const flags = ["--engine=onnx", "--iterations=20", `--runs-dir=${runs}`, `--data-dir=${data}`]
  const { code, stderr } = await runCommand("run", file, ...flags)
  assert.strictEqual(code, 0, stderr)
  const checkpoint = readFileSync(only(join(only(runs, /^\d{8}T/), "checkpoints"), /safetensors$/))
  const header = Number(checkpoint.readBigUInt64LE(0))
  // The header has the fingerprint of the experiment, which names the files.
  const tensors = checkpoint.subarray(8 + header)
  assert.isAbove(tensors.byteLength, 10_000)
  return tensors
}

let weights: Buffer
beforeAll(async () => {
  written = await writeMnistFiles(join(scratch, "set"))
  weights = await trainedOn("idx", written.idx)
}, 120_000)

describe("a checkpoint has the tensors that IDX files of the same images give", () => {
  for (const kind of packedKinds) {
    it(`if they are in ${kind}`, async () => {
      assert.isTrue(weights.equals(await trainedOn(kind, written.packed[kind])))
    }, 60_000)
  }

  it("and other tensors if one pixel differs", async () => {
    const pixels = readFileSync(join(scratch, "set/x_train.npy"))
    pixels[200 * 784] ^= 1
    writeFileSync(join(scratch, "set/changed.npy"), pixels)
    const changed = { ...written.packed.npy, trainImages: join(scratch, "set/changed.npy") }
    assert.isFalse(weights.equals(await trainedOn("changed", changed)))
  }, 60_000)
})
