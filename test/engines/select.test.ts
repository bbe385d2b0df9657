import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import { hasTensorflow, tensorflowThreads } from "./engines.ts"

const infoOf = (layer: ReturnType<typeof selectEngine>) =>
  Effect.map(Effect.provide(Engine, layer), ({ info }) => info)

describe("selecting an engine", () => {
  it.effect(
    "chooses tensorflow on auto if it is available, else onnx, and logs which and why for the log only",
    () =>
      Effect.gen(function* () {
        const lines: Array<string> = []
        const shown: Array<string> = []
        const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
          if (logLevel === "Debug") lines.push(...[message].flat().map(String))
          else shown.push(String(message))
        })
        const info = yield* infoOf(selectEngine("auto", { threads: tensorflowThreads })).pipe(
          Effect.provide(Logger.layer([logger])),
          Effect.provideService(References.MinimumLogLevel, "Debug"),
        )
        assert.deepStrictEqual(shown, [])
        assert.strictEqual(info.name, hasTensorflow ? "tensorflow" : "onnx")
        assert.strictEqual(info.threads, tensorflowThreads)
        assert.strictEqual(info.threadsChangeBits, hasTensorflow)
        assert.lengthOf(lines, 1)
        assert.match(
          lines[0],
          hasTensorflow
            ? /^engine tensorflow \((cpu|gpu), [a-z0-9+-]+, 2 threads\): the fastest available engine$/
            : /^engine onnx \(cpu, [a-z0-9+]+, 2 threads\): tensorflow is not available: (@tensorflow\/tfjs-node-gpu|its native library) .+/,
        )
      }),
  )

  it.effect("selects onnx by name, with the given number of threads", () =>
    Effect.gen(function* () {
      const info = yield* infoOf(selectEngine("onnx", { threads: 1 }))
      assert.strictEqual(info.name, "onnx")
      assert.strictEqual(info.threads, 1)
      assert.match(info.path, /^(nchwc(8|16)\+dft\+slices\+pieces\+channelwise|portable)$/)
      assert.isFalse(info.threadsChangeBits)
    }),
  )

  it.effect("fails for tensorflow on a GPU where it uses none, with the reason", () =>
    Effect.gen(function* () {
      const layer = selectEngine("tensorflow-gpu", { threads: tensorflowThreads })
      const outcome = yield* Effect.result(infoOf(layer))
      if (outcome._tag === "Success") return assert.strictEqual(outcome.success.device, "gpu")
      const { message } = outcome.failure
      assert.match(
        message,
        hasTensorflow ? /engine tensorflow with --device gpu is not available: .*--device cpu/ : /tensorflow/,
      )
    }),
  )

  it.effect("selects the reference by name", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* infoOf(selectEngine("reference"))).name, "reference")
    }),
  )

  it.effect("fails with what to do if tensorflow is selected and not available", () =>
    Effect.gen(function* () {
      // Loaded with two threads here, or not installed: either way it is not available with three.
      if (hasTensorflow) yield* infoOf(selectEngine("tensorflow", { threads: tensorflowThreads }))
      const error = yield* Effect.flip(infoOf(selectEngine("tensorflow", { threads: 3 })))
      assert.strictEqual(error._tag, "EngineNotAvailable")
      assert.deepStrictEqual(error.available, ["onnx", "reference"])
      assert.match(error.found, hasTensorflow ? /with 2 threads, expected 3/ : /tfjs-node-gpu|native library/)
      assert.match(error.remedy, hasTensorflow ? /--threads 2/ : /`pnpm pipeline engine add tensorflow`/)
      assert.include(error.message, `: ${error.found}; ${error.remedy}; available: onnx, reference`)
    }),
  )
})
