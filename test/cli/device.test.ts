/** What --device asks for, and what it says where there is no GPU. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { engineOn, withDevice } from "../../cli/deviceFlag.ts"
import { givenFlags } from "../../cli/flags.ts"
import { engineTitle } from "../../format/engineTitle.ts"
import { engineChoiceOf } from "../../schemas/EngineInfo.ts"
import { runCommand } from "../fixtures/command.ts"
import { gpuEngineInfo } from "../fixtures/engineInfo.ts"

/** Restores variables of the environment when the tests have ended. */
const withEnvironment = (variables: Readonly<Record<string, string>>) => {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  beforeAll(() => void Object.assign(process.env, variables))
  afterAll(() => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  })
}

describe("--device", () => {
  withEnvironment({ CUDA_VISIBLE_DEVICES: "0" })

  it.effect(
    "gpu is the onnx engine on a GPU, or the tensorflow engine if it is named, and refused with the reference",
    () =>
      Effect.gen(function* () {
        for (const engine of [undefined, "auto", "onnx", "onnx-gpu"] as const) {
          assert.strictEqual(yield* engineOn(engine, Option.some("gpu")), "onnx-gpu")
        }
        for (const engine of ["tensorflow", "tensorflow-gpu"] as const) {
          assert.strictEqual(yield* engineOn(engine, Option.some("gpu")), "tensorflow-gpu")
        }
        const refused = yield* Effect.flip(engineOn("reference", Option.some("gpu")))
        assert.include(
          refused.message,
          "--device gpu is for the onnx or the tensorflow engine, found --engine reference",
        )
      }),
  )

  it.effect("cpu keeps the engine, and hides the cards of CUDA from tensorflow", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* engineOn("auto", Option.none()), "auto")
      assert.strictEqual(process.env.CUDA_VISIBLE_DEVICES, "0")
      assert.strictEqual(yield* engineOn("auto", Option.some("cpu")), "auto")
      assert.strictEqual(process.env.CUDA_VISIBLE_DEVICES, "-1")
    }),
  )

  it.effect("auto leaves engine and device open, and is refused with an engine that is named", () =>
    Effect.gen(function* () {
      for (const engine of [undefined, "auto", "auto-gpu"] as const) {
        assert.strictEqual(yield* engineOn(engine, Option.some("auto")), "auto-gpu")
      }
      for (const engine of ["onnx", "tensorflow", "reference"] as const) {
        const refused = yield* Effect.flip(engineOn(engine, Option.some("auto")))
        assert.include(refused.message, `--device auto is for the engine auto, found --engine ${engine}`)
      }
    }),
  )

  it.effect("is repeated in the commands that a command starts or prints", () =>
    Effect.gen(function* () {
      const common = {
        runsDir: "runs",
        dataDir: "data",
        iterations: Option.none(),
        threads: Option.none(),
        engine: "auto",
      } as const
      const gpu = yield* withDevice({ ...common, device: Option.some("gpu") })
      assert.deepStrictEqual(givenFlags(gpu), ["--device", "gpu"])
      const named = yield* withDevice({ ...common, engine: "tensorflow", device: Option.some("gpu") })
      assert.deepStrictEqual(givenFlags(named), ["--engine", "tensorflow", "--device", "gpu"])
      const any = yield* withDevice({ ...common, device: Option.some("auto") })
      assert.deepStrictEqual(givenFlags(any), ["--device", "auto"])
      const cpu = yield* withDevice({ ...common, device: Option.some("cpu") })
      assert.deepStrictEqual(givenFlags(cpu), ["--device", "cpu"])
      assert.deepStrictEqual(givenFlags({ ...common, device: Option.none() }), [])
    }),
  )
})

describe("a recorded engine", () => {
  it("is asked for again on the same kind of device", () => {
    assert.strictEqual(engineChoiceOf({ name: "onnx", device: "cpu" }), "onnx")
    assert.strictEqual(engineChoiceOf({ name: "onnx", device: "gpu (NVIDIA H100 PCIe)" }), "onnx-gpu")
    assert.strictEqual(engineChoiceOf({ name: "tensorflow", device: "gpu" }), "tensorflow")
  })

  it("is asked for again on the device that --device names", () => {
    assert.strictEqual(engineChoiceOf(gpuEngineInfo, "cpu"), "onnx")
    assert.strictEqual(engineChoiceOf({ name: "onnx", device: "cpu" }, "gpu"), "onnx-gpu")
    assert.strictEqual(engineChoiceOf({ name: "tensorflow", device: "gpu" }, "cpu"), "tensorflow")
  })

  it("keeps its device with --device auto: it was decided when the run began", () => {
    assert.strictEqual(engineChoiceOf(gpuEngineInfo, "auto"), "onnx-gpu")
    assert.strictEqual(engineChoiceOf({ name: "onnx", device: "cpu" }, "auto"), "onnx")
    assert.strictEqual(engineChoiceOf({ name: "tensorflow", device: "cpu" }, "auto"), "tensorflow")
  })

  it("names its card", () => {
    const title = (device: string) => engineTitle({ name: "onnx", threads: 2, device })
    assert.strictEqual(title("gpu (NVIDIA H100 PCIe)"), "ONNX Runtime (NVIDIA H100 PCIe)")
    assert.strictEqual(title("gpu"), "ONNX Runtime (GPU)")
    assert.strictEqual(title("cpu"), "ONNX Runtime (2 threads)")
  })
})

describe("run --device gpu without a GPU", () => {
  withEnvironment({ VK_DRIVER_FILES: "/nonexistent/icd.json" })
  let scratch: string
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-device-"))
  })
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it("ends with 69 and says what is missing, before a run directory exists", async () => {
    const words = ["run", "test/fixtures/tiny.ts", "--device", "gpu", "--runs-dir", scratch]
    const { code, stderr } = await runCommand(...words)
    assert.strictEqual(code, 69)
    assert.match(stderr, /engine onnx with --device gpu is not available: .*Vulkan.*use --device cpu/)
    assert.deepStrictEqual(readdirSync(scratch), [])
  })
})
