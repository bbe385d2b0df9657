/** What `--device auto` decides: how iterations are measured, which device is faster, and what a machine without a card does. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Engine, EngineFailed } from "../../engines/Engine.ts"
import { measureIteration, median } from "../../engines/measureIteration.ts"
import { explainChoice, isGpuFaster, layer } from "../../engines/onnx/device/choose.ts"
import { describeMeasured } from "../../format/describeMeasured.ts"
import { selectEngine } from "../../engines/select.ts"
import { EngineInfo } from "../../schemas/EngineInfo.ts"
import { engineInfo } from "../fixtures/engineInfo.ts"
import { tensorflowThreads } from "./engines.ts"

describe("the choice of a device", () => {
  const measured = { processorMs: 11, gpuMs: 10, problem: null }

  it("is the GPU if it takes less time, by more than measurements scatter", () => {
    assert.isTrue(isGpuFaster(measured))
    assert.isTrue(isGpuFaster({ ...measured, gpuMs: 0.2 }))
    assert.isFalse(isGpuFaster({ ...measured, gpuMs: 10.5 }))
    assert.isFalse(isGpuFaster({ ...measured, gpuMs: 40 }))
  })

  it("is the processor if the GPU cannot train the network", () => {
    assert.isFalse(isGpuFaster({ processorMs: 1e9, gpuMs: null, problem: "its losses differ" }))
  })

  it("is explained with both times, or with what is wrong", () => {
    assert.strictEqual(
      explainChoice({ processorMs: 100, gpuMs: 1.234, problem: null }),
      "training on the GPU: an iteration takes 1.23 ms on the GPU and 100 ms on the processor",
    )
    assert.match(explainChoice({ ...measured, gpuMs: 40 }), /^training on the processor: an iteration takes/)
    assert.strictEqual(
      explainChoice({ processorMs: 1, gpuMs: null, problem: "its losses differ" }),
      "training on the processor: the GPU cannot be used: its losses differ",
    )
  })

  it("is part of the description of an engine, which has none if nothing was measured", () => {
    const decode = Schema.decodeUnknownSync(EngineInfo)
    const times = [{ name: "onnx", device: "cpu", path: "portable", iterationMs: 2.5 }] as const
    assert.deepStrictEqual(decode({ ...engineInfo, measured: times }).measured, times)
    assert.isUndefined(decode(engineInfo).measured)
    const onGpu = {
      name: "onnx",
      device: "gpu (NVIDIA H100 PCIe)",
      path: "webgpu",
      iterationMs: 0.4,
    } as const
    assert.strictEqual(
      describeMeasured({ measured: [...times, onGpu] }),
      "onnx on cpu 2.5 ms, onnx on gpu (NVIDIA H100 PCIe) 0.4 ms per iteration",
    )
    assert.isUndefined(describeMeasured(engineInfo))
  })
})

describe("the time of an iteration", () => {
  const feeds = [
    { name: "images", shape: [2, 2] },
    { name: "labels", shape: [2, 3] },
    { name: "learningRate", shape: [] },
    { name: "mask", shape: [4] },
  ]
  /** A trainer whose call takes `fixedMs`, and `ms` for each iteration; the first 500 ms more. */
  const trainerOf = (fixedMs: number, ms: number) => {
    const calls: Array<number> = []
    const train = (iterations: number, values: Readonly<Record<string, Float32Array>>) =>
      Effect.gen(function* () {
        assert.strictEqual(values.images.length, 4 * iterations)
        assert.strictEqual(
          values.labels.reduce((sum, value) => sum + value, 0),
          2 * iterations,
        )
        yield* TestClock.adjust(fixedMs + ms * iterations + (calls.length === 0 ? 500 : 0))
        calls.push(iterations)
        return { losses: new Float32Array(iterations), errorRates: new Float32Array(iterations) }
      })
    return { calls, trainer: { train } }
  }

  it.effect("is the median of five calls with many iterations, without the first ones", () =>
    Effect.gen(function* () {
      const { calls, trainer } = trainerOf(0, 10)
      assert.closeTo(yield* measureIteration(trainer, feeds, 3), 10, 1e-6)
      assert.deepStrictEqual(calls, [1, 1, 20, 20, 20, 20, 20])
    }),
  )

  it.effect("takes three iterations if they are slow", () =>
    Effect.gen(function* () {
      const { calls, trainer } = trainerOf(0, 3000)
      assert.closeTo(yield* measureIteration(trainer, feeds, 3), 3000, 1e-6)
      assert.deepStrictEqual(calls, [1, 1, 1])
    }),
  )

  it.effect("fails with the engine", () =>
    Effect.gen(function* () {
      const failure = new EngineFailed({ engine: "onnx", operation: "train", reason: "it is gone" })
      const failed = yield* Effect.flip(measureIteration({ train: () => Effect.fail(failure) }, feeds, 3))
      assert.strictEqual(failed, failure)
    }),
  )

  it("is in the middle", () => {
    assert.strictEqual(median([3, 1, 2]), 2)
    assert.strictEqual(median([4, 1, 2, 3]), 2.5)
  })
})

describe("--device auto without a graphics card", () => {
  const infoOf = (layer: ReturnType<typeof selectEngine>) =>
    Effect.map(Effect.provide(Engine, layer), ({ info }) => info)

  it.effect("is the engine that auto selects, and never builds the network", () =>
    Effect.gen(function* () {
      const program = Effect.die(new Error("the network was built"))
      const options = { threads: tensorflowThreads, program }
      const info = yield* infoOf(layer(selectEngine("auto", options), options, "there is no graphics card"))
      assert.deepStrictEqual(info, yield* infoOf(selectEngine("auto", options)))
    }),
  )

  it.effect("is that engine also where nothing is trained", () =>
    Effect.gen(function* () {
      const options = { threads: tensorflowThreads }
      const info = yield* infoOf(selectEngine("auto-gpu", options))
      assert.deepStrictEqual(info, yield* infoOf(selectEngine("auto", options)))
    }),
  )
})
