/** Colour images with augmentation and normalization by channel: trained, resumed, predicted and exported alike. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Result } from "effect"
import sharp from "sharp"
import { readPredictions } from "../../storage/predictions.ts"
import { runCommand } from "../fixtures/command.ts"
import tiny from "../fixtures/tiny.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-colour-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const file = join(scratch, "colour.ts")
const write = async () => {
  for (const set of ["train", "test"]) {
    for (const [label, name] of ["red", "blue"].entries()) {
      mkdirSync(join(scratch, set, name), { recursive: true })
      for (let i = 0; i < 20; i++) {
        const pixels = Uint8Array.from({ length: 192 }, (_, k) =>
          k % 3 === 2 * label ? 150 + ((i * 7 + k) % 100) : (i * 11 + k * (set === "test" ? 3 : 1)) % 90,
        )
        const raw = { width: 8, height: 8, channels: 3 } as const
        await sharp(pixels, { raw })
          .png()
          .toFile(join(scratch, set, name, `${i}.png`))
      }
    }
  }
  const experiment = {
    ...tiny,
    name: "colour",
    dataset: {
      kind: "folder",
      name: "colours",
      classes: 2,
      imageShape: [8, 8, 3],
      train: join(scratch, "train"),
      test: join(scratch, "test"),
    },
    split: { kind: "standard", validation: 8 },
    normalization: "standardizedByChannel",
    augmentation: {
      flip: 0.5,
      crop: { padding: 2 },
      brightness: 0.2,
      contrast: 0.2,
      saturation: 0.2,
      erasing: { size: 2 },
    },
    model: [
      { kind: "conv2d", filters: 4, kernelSize: 3, activation: "relu" },
      { kind: "flatten" },
      { kind: "dense", units: 2 },
    ],
    batchSize: 8,
  }
  writeFileSync(file, `export default ${JSON.stringify(experiment)}`)
}
beforeAll(write)

const run = async (name: string, iterations: number) => {
  const runs = join(scratch, name)
  const flags = [
    `--iterations=${iterations}`,
    "--engine=onnx",
    `--runs-dir=${runs}`,
    `--data-dir=${join(scratch, "data")}`,
  ]
  const { code, stderr } = await runCommand("run", file, ...flags)
  assert.strictEqual(code, 0, stderr)
  return join(
    runs,
    readdirSync(runs).find((entry) => /^\d{8}T/.test(entry))!,
  )
}

const tensorsOf = (path: string, iteration: number) => {
  const bytes = readFileSync(
    join(path, "checkpoints", `iteration-${String(iteration).padStart(8, "0")}.safetensors`),
  )
  return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)))
}

describe("an experiment on colour photographs", () => {
  it("that is resumed has the weights of one that was not interrupted, and its channels have their own figures everywhere", async () => {
    const whole = await run("whole", 25)
    const parts = await run("parts", 7)
    const resumed = await runCommand("resume", parts, "--iterations=25")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.isTrue(tensorsOf(whole, 25).equals(tensorsOf(parts, 25)))

    const { standardizedBy } = JSON.parse(readFileSync(join(whole, "stages/validate.json"), "utf8")).result
    assert.lengthOf(standardizedBy, 3)
    assert.isAbove(Math.abs(standardizedBy[0].mean - standardizedBy[1].mean), 0.05)
    const report = JSON.parse(readFileSync(join(whole, "report.json"), "utf8"))
    assert.deepStrictEqual(report.dataset.standardizedBy, standardizedBy)
    const page = readFileSync(join(whole, "report.html"), "utf8")
    assert.match(page, /standardized by channel/)
    assert.match(page, /mean 0\.\d+, 0\.\d+, 0\.\d+; standard deviation/)

    const image = join(scratch, "test/blue/3.png")
    const predicted = await runCommand("predict", whole, image, "--json")
    const [answer] = JSON.parse(predicted.stdout).predictions
    const predictions = await Effect.runPromise(
      readPredictions(whole).pipe(Effect.provide(NodeServices.layer)),
    )
    assert.isTrue(Result.isSuccess(predictions))
    const { indices, probabilities } = Result.getOrThrow(predictions)
    // In the order of the name within the class, then of the class: blue before red.
    const sorted = Array.from({ length: 20 }, (_, i) => `${i}.png`).sort()
    const row = indices.indexOf(40 + 2 * sorted.indexOf("3.png"))
    assert.closeTo(answer.probabilities[0], probabilities[2 * row], 1e-6)
    const out = join(scratch, "exported")
    const exported = await runCommand("export", whole, "--format=tfjs", `--out=${out}`)
    assert.strictEqual(exported.code, 0, exported.stderr)
    const model = JSON.parse(readFileSync(join(out, "model.json"), "utf8"))
    const { offset, scale } = model.userDefinedMetadata.normalization
    for (const [channel, { mean, stddev }] of standardizedBy.entries()) {
      assert.closeTo(offset[channel], -mean / stddev, 1e-5)
      assert.closeTo(scale[channel], 1 / 255 / stddev, 1e-6)
    }
  }, 60_000)

  it("is refused with saturation on gray images", async () => {
    const gray = join(scratch, "gray.ts")
    writeFileSync(gray, `export default ${JSON.stringify({ ...tiny, augmentation: { saturation: 0.2 } })}`)
    const { code, stderr } = await runCommand("run", gray, `--runs-dir=${join(scratch, "gray")}`)
    assert.strictEqual(code, 65)
    assert.include(
      stderr,
      "augmentation.saturation: found images of 1 channel, expected colour images of 3; remove it",
    )
  })
})
