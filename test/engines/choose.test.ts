/** What `--device auto` decides: how iterations are measured, which device is faster, and what a machine without a card does. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Logger, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Engine, EngineFailed, type FeedValues } from "../../engines/Engine.ts"
import { sharedFeeds } from "../../engines/exampleFeeds.ts"
import { measureIteration, median } from "../../engines/measureIteration.ts"
import { chooseOrWarn, dependsOn, explainChoice, isGpuFaster } from "../../engines/onnx/device/choose.ts"
import { whyNoCard } from "../../engines/onnx/device/vulkan.ts"
import { describeMeasured } from "../../format/describeMeasured.ts"
import { selectEngine } from "../../engines/select.ts"
import { EngineInfo } from "../../schemas/EngineInfo.ts"
import { version } from "../../schemas/version.ts"
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
      path: "webgpu+products",
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
    const buffers = new Set<ArrayBufferLike>()
    const train = (iterations: number, values: FeedValues) =>
      Effect.gen(function* () {
        assert.strictEqual(values.images.length, 4 * iterations)
        for (const { buffer } of Object.values(values)) buffers.add(buffer)
        assert.strictEqual(
          Float32Array.from(values.labels).reduce((sum, value) => sum + value, 0),
          2 * iterations,
        )
        yield* TestClock.adjust(fixedMs + ms * iterations + (calls.length === 0 ? 500 : 0))
        calls.push(iterations)
        return { losses: new Float32Array(iterations), errorRates: new Float32Array(iterations) }
      })
    return { buffers, calls, trainer: { train } }
  }

  it.effect("is the difference of a long and a short call, without what each call takes", () =>
    Effect.gen(function* () {
      const { calls, trainer } = trainerOf(50, 10)
      assert.closeTo(yield* measureIteration(trainer, feeds, 3), 10, 1e-6)
      assert.deepStrictEqual(calls, [1, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4])
    }),
  )

  it.effect("is measured with as many iterations as fit into a long call, of feeds that are made once", () =>
    Effect.gen(function* () {
      const { buffers, calls, trainer } = trainerOf(0, 10)
      assert.closeTo(yield* measureIteration(trainer, feeds, 3), 10, 1e-6)
      assert.deepStrictEqual(calls, [1, 1, 20, 1, 20, 1, 20, 1, 20, 1, 20])
      assert.isAtMost(buffers.size, 2 * feeds.length)
    }),
  )

  it.effect("is that of two iterations if they are slow", () =>
    Effect.gen(function* () {
      const { calls, trainer } = trainerOf(0, 3000)
      assert.closeTo(yield* measureIteration(trainer, feeds, 3), 3000, 1e-6)
      assert.deepStrictEqual(calls, [1, 1])
    }),
  )

  it("needs few sines for its feeds, however many values they have", () => {
    const size = 2 ** 21
    const sine = vi.spyOn(Math, "sin")
    const { images } = sharedFeeds([{ name: "images", shape: [size] }], 10)(1)
    const sines = sine.mock.calls.length
    sine.mockRestore()
    assert.isBelow(sines, size / 4)
    assert.isAbove(new Set(images.subarray(size / 2)).size, 200)
    assert.deepStrictEqual(images.subarray(sines), images.subarray(0, size - sines))
  })

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

describe("the times that are cached", () => {
  it("belong to the models, both engines, this version of tidemark and of Node.js, and the processor", () => {
    const models = {
      step: Uint8Array.of(1),
      predict: { model: Uint8Array.of(2), mover: Uint8Array.of(), reads: [] },
    }
    const depends = dependsOn(models, [engineInfo, { ...engineInfo, device: "gpu" }]).map(String)
    assert.includeMembers(depends, [version, process.version, JSON.stringify(engineInfo)])
    const others = dependsOn({ ...models, step: Uint8Array.of(3) }, [engineInfo]).map(String)
    assert.notStrictEqual(others[0], depends[0])
  })
})

describe("--device auto", () => {
  const infoOf = (layer: ReturnType<typeof selectEngine>) =>
    Effect.map(Effect.provide(Engine, layer), ({ info }) => info)

  it.effect.skipIf(whyNoCard() === undefined)(
    "without a graphics card is the engine that auto selects, and never builds the network",
    () =>
      Effect.gen(function* () {
        const program = Effect.die(new Error("the network was built"))
        const options = { threads: tensorflowThreads, program }
        const info = yield* infoOf(selectEngine("auto-gpu", options))
        assert.deepStrictEqual(info, yield* infoOf(selectEngine("auto", options)))
      }),
  )

  it.effect("is that engine also if nothing is trained", () =>
    Effect.gen(function* () {
      const options = { threads: tensorflowThreads }
      const info = yield* infoOf(selectEngine("auto-gpu", options))
      assert.deepStrictEqual(info, yield* infoOf(selectEngine("auto", options)))
    }),
  )

  it.effect("warns if the network cannot be measured, and trains on the processor", () =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
        if (logLevel === "Warn") warnings.push([message].flat().map(String).join(" "))
      })
      const faulty = Effect.fail(new Error("layer 2 has no units"))
      const processor = yield* Effect.provide(Engine, selectEngine("onnx", { threads: 1 }))
      const chosen = yield* chooseOrWarn(processor, processor, faulty).pipe(
        Effect.provide(Logger.layer([logger])),
      )
      assert.strictEqual(chosen, processor)
      assert.deepStrictEqual(warnings, [
        "training on the processor: the network cannot be measured: layer 2 has no units",
      ])
    }),
  )
})
