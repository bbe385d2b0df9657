/** Weights trained for one experiment are never read as those of another, whatever was edited or copied. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runCommand } from "../fixtures/command.ts"
import { fileURLToPath } from "node:url"

let scratch: string
let run: string
let other: string
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-identity-"))
  const file = fileURLToPath(new URL("../fixtures/tiny.ts", import.meta.url))
  for (const [name, seed] of [
    ["one", "1"],
    ["two", "2"],
  ]) {
    const { code, stderr } = await runCommand(
      "run",
      file,
      "--engine=onnx",
      "--iterations=25",
      `--seed=${seed}`,
      `--runs-dir=${join(scratch, name)}`,
      `--data-dir=${join(scratch, "data")}`,
    )
    assert.strictEqual(code, 0, stderr)
  }
  const only = (name: string) => join(scratch, name, readdirSync(join(scratch, name))[0])
  run = only("one")
  other = only("two")
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const copy = (name: string) => {
  const to = join(scratch, "copies", name)
  cpSync(run, to, { recursive: true })
  return to
}

describe("a run", () => {
  it("whose stored experiment was edited is refused by every command that uses its weights", async () => {
    const path = copy("20260101T000000Z-tiny-00000001")
    const file = join(path, "run.json")
    const identity = JSON.parse(readFileSync(file, "utf8"))
    identity.experiment.seed = 99
    writeFileSync(file, JSON.stringify(identity))
    for (const words of [
      ["predict", path, "image.png"],
      ["resume", path],
      ["export", path, "--format", "onnx"],
      ["promote", path],
      ["show", path],
    ]) {
      const { code, stderr } = await runCommand(...words)
      assert.strictEqual(code, 65, `${words[0]}: ${stderr}`)
      assert.match(stderr, /has the fingerprint [0-9a-f]{8}, expected [0-9a-f]{8}; it was edited/, words[0])
    }
  })

  it("with a checkpoint of another experiment is not used for predictions", async () => {
    const path = copy("20260101T000000Z-tiny-00000002")
    for (const name of readdirSync(join(path, "checkpoints"))) {
      cpSync(join(other, "checkpoints", name), join(path, "checkpoints", name))
    }
    const { code, stderr } = await runCommand("export", path, "--format", "onnx")
    assert.strictEqual(code, 65, stderr)
    assert.match(stderr, /trained for another experiment: found the fingerprint [0-9a-f]{8}, expected/)
  })

  it("with predictions of another experiment is compared without them, and says so", async () => {
    const path = copy("20260101T000000Z-tiny-00000003")
    cpSync(join(other, "predictions.safetensors"), join(path, "predictions.safetensors"))
    const { code, stderr, stdout } = await runCommand("compare", path, other)
    assert.strictEqual(code, 0, stderr)
    assert.match(stdout + stderr, /predictions\.safetensors is\s+another experiment's/)
  })

  it("that was trained further is used with the checkpoints of its first budget, too", async () => {
    const path = copy("20260101T000000Z-tiny-00000004")
    const [first] = readdirSync(join(path, "checkpoints"))
    const iterations = JSON.parse(readFileSync(join(path, "report.json"), "utf8")).iterations
    const resumed = await runCommand("resume", path, "--iterations", String(2 * iterations))
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    const kept = readdirSync(join(path, "checkpoints")).includes(first)
    const { code, stderr } = await runCommand(
      "export",
      path,
      "--format",
      "onnx",
      ...(kept ? ["--checkpoint", first] : []),
    )
    assert.strictEqual(code, 0, stderr)
  })

  for (const [name, lose, warning] of [
    [
      "predictions",
      (path: string) => rmSync(join(path, "predictions.safetensors")),
      /its predictions are lost/,
    ],
    ["report", (path: string) => writeFileSync(join(path, "report.json"), `{"cut`), /its report is lost/],
    ["empty folders", (path: string) => rmSync(join(path, "stages"), { recursive: true }), /\S/],
  ] as const) {
    it(`that has lost its ${name} is whole again after resume`, async () => {
      const path = copy(`20260101T000000Z-tiny-1000000${name.length}`)
      const expected = readFileSync(join(path, "predictions.safetensors"))
      lose(path)
      const { code, stderr } = await runCommand("resume", path)
      assert.strictEqual(code, 0, stderr)
      assert.match(stderr, warning)
      assert.deepStrictEqual(readFileSync(join(path, "predictions.safetensors")), expected)
      assert.strictEqual(JSON.parse(readFileSync(join(path, "report.json"), "utf8")).test.examples, 10_000)
    })
  }

  it("that has lost its metrics says so on resume: they cannot be made again", async () => {
    const path = copy("20260101T000000Z-tiny-20000000")
    rmSync(join(path, "metrics.ndjson"))
    const { code, stderr } = await runCommand("resume", path)
    assert.strictEqual(code, 0, stderr)
    assert.match(stderr, /its metrics\.ndjson is lost, and with it the learning curves/)
  })

  it("that ended before its first row of metrics has lost nothing", async () => {
    const path = copy("20260101T000000Z-tiny-30000000")
    writeFileSync(join(path, "metrics.ndjson"), "")
    const { code, stderr } = await runCommand("resume", path)
    assert.strictEqual(code, 0, stderr)
    assert.notInclude(stderr, "lost")
  })
})
