import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import sharp from "sharp"
import { runCommand } from "../fixtures/command.ts"
import { writeMnistFiles } from "../fixtures/mnistFiles.ts"
import { imageMemoryVariable } from "../../stages/dataset/images.ts"
import tiny from "../fixtures/tiny.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-packed-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let written: Awaited<ReturnType<typeof writeMnistFiles>>
beforeAll(async () => {
  written = await writeMnistFiles(join(scratch, "set"))
})

/** Writes an experiment on the dataset and runs it. */
const train = async (
  name: string,
  dataset: object,
  more: object = {},
  flags: ReadonlyArray<string> = ["--iterations=20"],
) => {
  const file = join(scratch, `${name}.ts`)
  const experiment = { ...tiny, split: { kind: "standard", validation: 40 }, dataset, ...more }
  writeFileSync(file, `export default ${JSON.stringify(experiment)}`)
  const runs = join(scratch, name)
  const { code, stderr, stdout } = await runCommand(
    "run",
    file,
    "--engine=onnx",
    `--runs-dir=${runs}`,
    `--data-dir=${join(scratch, "data")}`,
    ...flags,
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

  it("has the names of its classes in report, page, predictions and exports, and resumes if the files have changed", async () => {
    const names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    const { packed } = await writeMnistFiles(join(scratch, "named"))
    const file = join(scratch, "named", "mnist.npz")
    const named = await train("named", { ...packed.npz, file, classes: names })
    assert.strictEqual(named.code, 0, named.stderr)
    assert.match(named.stdout, /\nseven +\d/)
    const recorded = (name: string) => JSON.parse(readFileSync(join(named.run, name), "utf8"))
    assert.deepStrictEqual(recorded("report.json").dataset.classNames, names)
    assert.deepStrictEqual(recorded("stages/fetch.json").result.classNames, names)
    assert.include(readFileSync(join(named.run, "report.html"), "utf8"), "seven")
    const image = join(scratch, "set/test/7/00000.png")
    const predicted = await runCommand("predict", named.run, image, "--json")
    assert.match(predicted.stdout, new RegExp(`"class": ?"(${names.join("|")})"`))
    const out = join(scratch, "exported")
    const exported = await runCommand("export", named.run, "--format=safetensors", `--out=${out}`)
    assert.strictEqual(exported.code, 0, exported.stderr)
    const weights = readdirSync(out).find((name) => name.endsWith(".safetensors"))!
    assert.include(readFileSync(join(out, weights), "latin1"), names.map((name) => `\\"${name}\\"`).join())
    rmSync(file)
    const resumed = await runCommand("resume", named.run, "--iterations=30")
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    const renamed = { ...packed.folder, classes: 10 }
    const fork = await train("named", renamed, {}, ["--iterations=40", `--from=${named.run}`])
    assert.strictEqual(fork.code, 65)
    assert.match(fork.stderr, /the classes are not those of .*found 0, 1, .*expected zero, one, /)
  }, 60_000)

  it("is refused if a test image is a training image, and allowed with the number that is stated", async () => {
    const folder = join(scratch, "leak")
    cpSync(join(scratch, "set"), folder, { recursive: true })
    cpSync(join(folder, "train/5/00000.png"), join(folder, "test/3/99999.png"))
    const dataset = { ...written.packed.folder, train: join(folder, "train"), test: join(folder, "test") }
    const conflicting = await train("conflict", dataset)
    assert.strictEqual(conflicting.code, 65)
    assert.match(conflicting.stderr, /different labels: found 1 image, expected at most 0/)
    assert.match(conflicting.stderr, /train\/5\/00000\.png \(5\) = .*test\/3\/99999\.png \(3\)/)
    const leaking = await train("leak", { ...dataset, allow: { conflicts: 1 } })
    assert.match(leaking.stderr, /several splits: found 1 image, expected at most 0/)
    assert.match(leaking.stderr, /00000\.png \((train|validation)\) = .*99999\.png \(test\)/)
    const allowed = await train("allowed", { ...dataset, allow: { conflicts: 1, duplicates: 1 } })
    assert.strictEqual(allowed.code, 0, allowed.stderr)
  }, 60_000)
})

describe("a brightened copy of a training image in the test set", () => {
  it("is shown next to it by data and by the report, and refused by neither", async () => {
    const folder = join(scratch, "alike")
    cpSync(join(scratch, "set"), folder, { recursive: true })
    const copy = join(folder, "test/5/99999.png")
    await sharp(join(folder, "train/5/00000.png")).linear(0.9, 20).png().toFile(copy)
    const dataset = { ...written.packed.folder, train: join(folder, "train"), test: join(folder, "test") }
    const { code, run, stderr } = await train("alike", dataset)
    assert.strictEqual(code, 0, stderr)
    assert.match(stderr, /1 pair of images in several splits looks alike/)
    const { nearDuplicates } = JSON.parse(readFileSync(join(run, "report.json"), "utf8")).dataset
    assert.strictEqual(nearDuplicates.pairs, 1)
    const page = readFileSync(join(run, "report.html"), "utf8")
    assert.include(page, "Near duplicates: 1")
    assert.match(page, /train\/5\/00000\.png \((train|validation)\)"/)
    const html = join(scratch, "alike.html")
    const described = await runCommand(
      "data",
      join(scratch, "alike.ts"),
      `--html=${html}`,
      `--data-dir=${join(scratch, "data")}`,
    )
    assert.strictEqual(described.code, 0, described.stderr)
    assert.match(described.stdout, /look alike     1 pair in several splits; --html shows/)
    const shown = readFileSync(html, "utf8")
    assert.include(shown, "Near duplicates")
    assert.match(shown, /test\/5\/99999\.png \(test\)"/)
  }, 60_000)
})

describe("a dataset that has more images than the limit of the memory", () => {
  it("is read from files, with the same predictions, and data says so", async () => {
    const memory = await train("in-memory", written.packed.npz)
    process.env[imageMemoryVariable] = "0.1"
    try {
      const files = await train("in-files", written.packed.npz)
      assert.strictEqual(files.code, 0, files.stderr)
      assert.include(
        files.stderr,
        "235 kB of images are read from the files of the cache, because they are more than 100 kB",
      )
      assert.isTrue(predictions(files.run).equals(predictions(memory.run)))
      const described = await runCommand(
        "data",
        join(scratch, "in-files.ts"),
        `--data-dir=${join(scratch, "data")}`,
      )
      assert.match(
        described.stdout,
        /\nimages         235 kB, read from the files of the cache while training\n/,
      )
    } finally {
      delete process.env[imageMemoryVariable]
    }
  }, 60_000)
})

describe("a batch larger than the training split", () => {
  it("is a warning with both numbers, of a run and of data", async () => {
    const said =
      /batchSize is 500, but the training split has 200 examples: each batch has every example 2\.5 times/
    const { code, stderr } = await train("large-batch", written.packed.npz, { batchSize: 500 }, [
      "--iterations=2",
    ])
    assert.strictEqual(code, 0, stderr)
    assert.match(stderr, said)
    const described = await runCommand(
      "data",
      join(scratch, "large-batch.ts"),
      `--data-dir=${join(scratch, "data")}`,
    )
    assert.match(described.stderr, said)
  }, 60_000)
})

describe("data", () => {
  it("describes the dataset of an experiment, writes a page of its images, and fails with its problems", async () => {
    const file = join(scratch, "described.ts")
    const write = (dataset: object) =>
      writeFileSync(
        file,
        `export default ${JSON.stringify({ ...tiny, split: { kind: "standard", validation: 40 }, dataset })}`,
      )
    write(written.packed.folder)
    const page = join(scratch, "data.html")
    const flags = [`--data-dir=${join(scratch, "data")}`]
    const good = await runCommand("data", file, `--html=${page}`, ...flags)
    assert.strictEqual(good.code, 0, good.stderr)
    assert.include(good.stdout, "digits: 240 training and 60 test images of 28×28×1, 10 classes")
    assert.match(good.stdout, /\nall +200 +40 +60/)
    assert.include(readFileSync(page, "utf8"), "data:image/png")
    write({ ...written.packed.folder, bounds: { testExamples: [100, 200] } })
    const bad = await runCommand("data", file, "--json", ...flags)
    assert.strictEqual(bad.code, 65)
    assert.match(bad.stderr, /the number of examples of the test set: found 60, expected 100 to 200/)
    assert.lengthOf(JSON.parse(bad.stdout).problems, 1)
  }, 60_000)
})
