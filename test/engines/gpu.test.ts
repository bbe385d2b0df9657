/** Training on a GPU, on Vulkan in software: what it computes, and what the engine says about it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Logger } from "effect"
import type { InferenceSession, Tensor } from "onnxruntime-node"
import { Engine } from "../../engines/Engine.ts"
import { deviceModels, deviceProgram } from "../../engines/onnx/device/deviceModels.ts"
import { makeDeviceTrainer } from "../../engines/onnx/device/DeviceTrainer.ts"
import { findGpu } from "../../engines/onnx/device/Device.ts"
import * as Device from "../../engines/onnx/device/Device.ts"
import * as Onnx from "../../engines/onnx/Onnx.ts"
import { loadRuntime, type Ort } from "../../engines/onnx/runtime.ts"
import { selectEngine } from "../../engines/select.ts"
import { layers } from "../../schemas/experiment/Model.ts"
import { optimizers } from "../../schemas/experiment/Optimizer.ts"
import { hasSoftwareVulkan } from "./softwareVulkan.ts"
import { type Case, feedsOf, images, programOf, relativeError, trainCase } from "./training.ts"

const definition: Case = {
  model: [
    layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }),
    layers.maxPooling2d(),
    layers.batchNormalization(),
    layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, activation: "relu" }),
    layers.flatten(),
    layers.dropout({ rate: 0.5 }),
    layers.dense({ units: 3 }),
  ],
  optimizer: optimizers.adamw({ learningRate: 1, weightDecay: 0.01, clip: { globalNorm: 1 } }),
  averaging: { decay: 0.9 },
}
const iterations = 4
type Feeds = Readonly<Record<string, Tensor>>

/** Trains in calls of `chunk` iterations, from a state that is loaded after the first call. */
const run = Effect.fnUntraced(function* (chunk: number) {
  const program = yield* programOf(definition)
  const feeds = feedsOf(program, iterations, 0.001)
  let trainer = yield* (yield* Engine).compile(program)
  const losses = new Float32Array(iterations)
  for (let i = 0; i < iterations; i += chunk) {
    const part = program.feeds.map(({ name }) => {
      const size = feeds[name].length / iterations
      return [name, feeds[name].slice(i * size, (i + chunk) * size)] as const
    })
    losses.set((yield* trainer.train(chunk, Object.fromEntries(part))).losses, i)
    if (i > 0) continue
    const saved = yield* trainer.state
    trainer = yield* (yield* Engine).compile(program)
    yield* trainer.load(saved)
  }
  return { losses, state: yield* trainer.state, predictions: yield* trainer.predict(images(3 * 64)) }
}, Effect.scoped)

/** Trained on both, a network has the losses of the processor within 1e-5, and its state within 1e-4. */
const isAsOnProcessor = Effect.fnUntraced(function* (network: Case) {
  const gpu = yield* Effect.provide(trainCase(network), Device.layer({ threads: 1 }))
  const portable = Onnx.layer({ path: "portable", threads: 1 })
  const processor = yield* Effect.provide(trainCase(network), portable)
  assert.isBelow(relativeError(gpu.losses, processor.losses), 1e-5)
  for (const [i, { data, name }] of gpu.state.entries()) {
    assert.isBelow(relativeError(data, processor.state[i].data), 1e-4, name)
  }
})

describe.skipIf(!hasSoftwareVulkan)("the onnx engine on Vulkan in software", () => {
  it.live(
    "gives the same bits every time, for any calls, after loading its state, and the losses of the processor",
    () =>
      Effect.gen(function* () {
        const once = yield* Effect.provide(run(4), Device.layer({ threads: 1 }))
        const again = yield* Effect.provide(run(2), Device.layer({ threads: 1 }))
        assert.deepStrictEqual(again, once)
        const processor = yield* Effect.provide(run(4), Onnx.layer({ path: "portable", threads: 1 }))
        assert.isBelow(relativeError(once.losses, processor.losses), 1e-5)
        assert.isBelow(relativeError(once.predictions, processor.predictions), 1e-3)
      }),
    300_000,
  )

  it.live(
    "computes convolutions whose channels or batch are multiples of 3 and not of 4",
    () =>
      Effect.gen(function* () {
        const odd: Case = {
          batchSize: 6,
          model: [
            layers.conv2d({ filters: 6, kernelSize: 3, padding: "same", activation: "relu" }),
            layers.conv2d({ filters: 9, kernelSize: 3 }),
            layers.flatten(),
            layers.dense({ units: 3 }),
          ],
        }
        yield* isAsOnProcessor(odd)
      }),
    300_000,
  )

  it.live(
    "computes depthwise convolutions with several filters for each channel, behind another layer",
    () =>
      Effect.gen(function* () {
        const several: Case = {
          model: [
            layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu" }),
            layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 3, strides: 2, padding: "same" }),
            layers.flatten(),
            layers.dense({ units: 3 }),
          ],
        }
        yield* isAsOnProcessor(several)
      }),
    300_000,
  )

  it.live(
    "copies weights to the device once for predictions, and frees the losses of a call that cannot be read",
    () =>
      Effect.gen(function* () {
        const ort = yield* loadRuntime
        yield* findGpu()
        const program = yield* programOf(definition)
        const models = yield* deviceModels(program)
        const places: Array<string> = []
        const logs: Array<Tensor> = []
        let readings = 0
        const watched = {
          ...ort,
          InferenceSession: {
            create: async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
              const session = await ort.InferenceSession.create(model, options)
              const run: InferenceSession["run"] = async (feeds: Feeds, ...more: ReadonlyArray<never>) => {
                if (model === models.reader && readings-- > 0) throw new Error("not read")
                const { images: _, ...weights } = feeds
                if (model === models.predict.model) {
                  places.push(...Object.values(weights).map((each) => each.location))
                }
                const outputs = await session.run(feeds, ...more)
                const names = models.carried.filter(({ name }) => name === "losses" || name === "errorRates")
                if (model === models.step) logs.push(...names.map(({ output }) => outputs[output]))
                return outputs
              }
              return { run, release: () => session.release() }
            },
          },
        } as unknown as Ort
        const device = { kind: "webgpu", threads: 1 } as const
        const trainer = yield* makeDeviceTrainer(watched, yield* deviceProgram(program), models, device)
        const before = yield* trainer.state
        const untrained = yield* trainer.predict(images(3 * 64))
        yield* trainer.load(before)
        assert.deepStrictEqual(yield* trainer.predict(images(3 * 64)), untrained)
        assert.deepStrictEqual(yield* trainer.state, before)
        assert.isNotEmpty(places)
        assert.deepStrictEqual(new Set(places), new Set(["gpu-buffer"]))

        readings = 1
        const failed = yield* Effect.flip(trainer.train(1, feedsOf(program, 1)))
        assert.include(failed.message, "not read")
        assert.lengthOf(logs, 2)
        assert.deepStrictEqual(
          logs.map(({ location }) => location),
          ["none", "none"],
        )
        assert.deepStrictEqual(yield* trainer.state, before)
      }).pipe(Effect.scoped),
    300_000,
  )

  it.live(
    "is measured by --device auto once, and trains where its time is shorter",
    () =>
      Effect.gen(function* () {
        const cache = mkdtempSync(join(tmpdir(), "tidemark-choice-"))
        vi.stubEnv("XDG_CACHE_HOME", cache)
        const lines: Array<string> = []
        const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
        const choose = Effect.map(Engine, ({ info }) => info).pipe(
          Effect.provide(selectEngine("auto-gpu", { threads: 2, program: programOf(definition) })),
          Effect.provide(Logger.layer([logger])),
        )
        const first = yield* choose
        // Lavapipe computes on the processor too, slower than ONNX Runtime does.
        assert.strictEqual(first.device, "cpu")
        assert.deepStrictEqual(
          first.measured?.map(({ device, path }) => [device, path]),
          [
            ["cpu", first.path],
            ["gpu (Vulkan in software)", "webgpu+products"],
          ],
        )
        assert.isTrue(lines.some((line) => line.includes("measuring this network")))
        lines.splice(0)
        assert.deepStrictEqual(yield* choose, first)
        assert.deepStrictEqual(
          lines.map((line) => line.split(":", 1)[0]),
          ["training on the processor"],
        )

        const folder = join(cache, "tidemark")
        const [file] = readdirSync(folder).filter((name) => name.startsWith("gpu-"))
        writeFileSync(
          join(folder, file),
          JSON.stringify({ ...JSON.parse(readFileSync(join(folder, file), "utf8")), gpuMs: 1e-3 }),
        )
        const faster = yield* choose
        assert.strictEqual(faster.device, "gpu (Vulkan in software)")
        assert.strictEqual(faster.measured?.[1].iterationMs, 1e-3)
        const mistaken = { ...JSON.parse(readFileSync(join(folder, file), "utf8")), gpuMs: null }
        writeFileSync(join(folder, file), JSON.stringify({ ...mistaken, problem: "its losses differ" }))
        const wrong = yield* choose
        assert.strictEqual(wrong.device, "cpu")
        assert.lengthOf(wrong.measured ?? [], 1)
        assert.include(lines.at(-1), "the GPU cannot be used: its losses differ")
        rmSync(cache, { recursive: true })
      }).pipe(Effect.ensuring(Effect.sync(() => vi.unstubAllEnvs()))),
    300_000,
  )

  it.live(
    "reads the losses of a hundred steps twice, and nothing else, with the state and held examples on the GPU",
    () =>
      Effect.gen(function* () {
        const ort = yield* loadRuntime
        yield* findGpu()
        const dense: Case = { model: [layers.flatten(), layers.dense({ units: 3 })] }
        const program = yield* programOf(dense)
        const models = yield* deviceModels(program)
        const readings: Array<ReadonlyArray<string>> = []
        const places: Array<string> = []
        const watched = {
          ...ort,
          InferenceSession: {
            create: async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
              const session = await ort.InferenceSession.create(model, options)
              const run: InferenceSession["run"] = async (feeds: Feeds, ...more: ReadonlyArray<never>) => {
                if (model === models.reader) readings.push([...(more[0] as ReadonlyArray<string>)])
                if (model === models.step) {
                  const { at: _, learningRate: __, ...others } = feeds
                  places.push(...Object.values(others).map(({ location }) => location))
                }
                return session.run(feeds, ...more)
              }
              return { run, release: () => session.release() }
            },
          },
        } as unknown as Ort
        const device = { kind: "webgpu", threads: 1 } as const
        const trainer = yield* makeDeviceTrainer(watched, yield* deviceProgram(program), models, device)
        const count = 20
        const examples = {
          count,
          pixels: Uint8Array.from({ length: 64 * count }, (_, i) => (i * 7) % 256),
          labels: Int32Array.from({ length: count }, (_, i) => i % 3),
          table: Float32Array.from({ length: 256 }, (_, i) => i / 255),
        }
        assert.isTrue(yield* trainer.hold(examples))
        const { learningRate } = feedsOf(program, 100)
        const indices = Float32Array.from({ length: 100 * program.batchSize }, (_, i) => (i * 3) % count)
        yield* trainer.train(100, { indices, learningRate })
        assert.deepStrictEqual(readings, [
          ["losses:read", "errorRates:read"],
          ["losses:read", "errorRates:read"],
        ])
        // The initial state and the empty losses are sent; what a step leaves stays.
        const sent = places.filter((place) => place === "cpu").length
        assert.strictEqual(sent, models.state.length + 2 + 2)
        assert.strictEqual(places.length - sent, 100 * (models.state.length + 2 + 2) - sent)
        yield* trainer.train(50, { indices: indices.subarray(0, 50 * program.batchSize), learningRate })
        assert.lengthOf(readings, 3)
      }).pipe(Effect.scoped),
    300_000,
  )

  it.live("names its device and its driver", () =>
    Effect.gen(function* () {
      const { info } = yield* Engine
      assert.strictEqual(info.device, "gpu (Vulkan in software)")
      assert.strictEqual(info.path, "webgpu+products")
      assert.isTrue(Object.keys(info.versions).some((name) => name.startsWith("lvp_icd")))
    }).pipe(Effect.provide(Device.layer())),
  )
})
