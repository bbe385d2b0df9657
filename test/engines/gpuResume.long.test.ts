/**
 * Runs on a GPU through the command line, on Vulkan in software: killed and resumed they end with the same bytes. The processor
 * can resume from their checkpoints, with a warning, and predicts with them.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import sharp from "sharp"
import { cliRun, start } from "../fixtures/cli.ts"
import { digitAt } from "../fixtures/mnistTest.ts"
import { killTwice, onlyRun, resultOf } from "../fixtures/runFiles.ts"
import { hasSoftwareVulkan } from "./softwareVulkan.ts"

const tiny = "test/fixtures/tiny.ts"
const allowed = "--allow-engine-change"

describe.skipIf(!hasSoftwareVulkan)("a run on a GPU", () => {
  let scratch: string
  let data: string
  let whole: ReturnType<typeof resultOf>
  const folder = (name: string) => join(scratch, name)
  const run = (name: string, ...more: ReadonlyArray<string>) =>
    start("run", tiny, "--device", "gpu", "--runs-dir", folder(name), "--data-dir", data, ...more)
  const resume = (name: string, ...more: ReadonlyArray<string>) =>
    start("resume", "latest", "--runs-dir", folder(name), ...more)

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-gpu-runs-"))
    data = join(scratch, "data")
    const ended = await run("whole").ended
    assert.strictEqual(ended.code, 0, ended.stderr)
    whole = resultOf(onlyRun(folder("whole")))
  }, 600_000)
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it("records its device, driver and path", () => {
    const { engine } = JSON.parse(readFileSync(join(onlyRun(folder("whole")), "run.json"), "utf8"))
    assert.strictEqual(engine.name, "onnx")
    assert.strictEqual(engine.device, "gpu (Vulkan in software)")
    assert.strictEqual(engine.path, "webgpu+products")
    assert.isTrue(Object.keys(engine.versions).some((name) => name.startsWith("lvp_icd")))
  })

  it("killed twice with SIGKILL and resumed ends with the same bytes", async () => {
    const resumed = await killTwice(
      folder("killed"),
      () => run("killed"),
      () => resume("killed"),
    )
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.deepStrictEqual(resultOf(onlyRun(folder("killed"))), whole)
  }, 600_000)

  it("predicts on the processor what it predicts on the GPU", async () => {
    const image = join(scratch, "digit.png")
    await sharp(digitAt(0).pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toFile(image)
    const predict = async (name: string, ...more: ReadonlyArray<string>) => {
      const words = ["predict", "latest", image, "--runs-dir", folder(name), "--json", ...more]
      const { code, stderr, stdout } = await cliRun(...words)
      assert.strictEqual(code, 0, stderr)
      return JSON.parse(stdout).predictions[0].probabilities as ReadonlyArray<number>
    }
    const [onGpu, onProcessor] = [await predict("whole"), await predict("whole", "--device", "cpu")]
    assert.lengthOf(onGpu, 10)
    onGpu.forEach((probability, label) => assert.closeTo(probability, onProcessor[label], 1e-5))

    // Of a run that the processor resumed, it predicts without being asked to: it needs no GPU.
    assert.strictEqual((await run("moved", "--iterations", "40").ended).code, 0)
    const on = ["--runs-dir", folder("moved"), "--iterations", "60", "--device", "cpu", allowed]
    assert.strictEqual((await cliRun("resume", "latest", ...on)).code, 0)
    vi.stubEnv("VK_DRIVER_FILES", "/nonexistent/icd.json")
    const moved = await predict("moved").finally(() => vi.unstubAllEnvs())
    assert.deepStrictEqual(moved, await predict("moved", "--device", "cpu"))
  }, 600_000)

  it("is resumed on the processor, and back, only with --allow-engine-change", async () => {
    assert.strictEqual((await run("changed", "--iterations", "40").ended).code, 0)
    const on = ["--runs-dir", folder("changed"), "--iterations", "60", "--device", "cpu"]
    const refused = await cliRun("resume", "latest", ...on)
    assert.strictEqual(refused.code, 65)
    assert.match(refused.stderr, /device was gpu \(Vulkan in software\), now cpu/)
    const other = await cliRun("resume", "latest", ...on, allowed)
    assert.strictEqual(other.code, 0, other.stderr)
    assert.match(other.stderr, /the result is not exact to the bit: device was gpu/)
    const further = ["--runs-dir", folder("changed"), "--iterations", "80", "--device", "gpu"]
    const back = await cliRun("resume", "latest", ...further, allowed)
    assert.strictEqual(back.code, 0, back.stderr)
    assert.match(back.stderr, /device was cpu, now gpu/)
  }, 600_000)
})
