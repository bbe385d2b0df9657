import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import { hasTensorflow, tensorflowThreads } from "./engines.ts"

const infoOf = (layer: ReturnType<typeof selectEngine>) =>
  Effect.map(Effect.provide(Engine, layer), ({ info }) => info)

describe("selecting an engine", () => {
  it.effect("takes tensorflow on auto where it is usable, else onnx, and says which and why", () =>
    Effect.gen(function* () {
      const said: Array<string> = []
      const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
        if (logLevel === "Info") said.push(String(message))
      })
      const info = yield* infoOf(selectEngine("auto", { threads: tensorflowThreads })).pipe(
        Effect.provide(Logger.layer([logger])),
      )
      assert.strictEqual(info.name, hasTensorflow ? "tensorflow" : "onnx")
      assert.strictEqual(info.threads, tensorflowThreads)
      assert.strictEqual(info.threadsChangeBits, hasTensorflow)
      assert.lengthOf(said, 1)
      assert.match(
        said[0],
        hasTensorflow
          ? /^engine tensorflow \((cpu|gpu), [a-z0-9+-]+, 2 threads\): the fastest that is usable here$/
          : /^engine onnx \(cpu, [a-z0-9+]+, 2 threads\): tensorflow is not usable: (@tensorflow\/tfjs-node-gpu|its native library) .+/,
      )
    }),
  )

  it.effect("takes onnx by name, with as many threads as asked for", () =>
    Effect.gen(function* () {
      const info = yield* infoOf(selectEngine("onnx", { threads: 1 }))
      assert.strictEqual(info.name, "onnx")
      assert.strictEqual(info.threads, 1)
      assert.match(info.path, /^(nchwc(8|16)\+fourier|portable)$/)
      assert.isFalse(info.threadsChangeBits)
    }),
  )

  it.effect("takes the reference by name", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* infoOf(selectEngine("reference"))).name, "reference")
    }),
  )

  it.effect("says what to do when tensorflow is asked for and cannot be had", () =>
    Effect.gen(function* () {
      // Loaded with two threads here, or not installed: either way it cannot be had with three.
      if (hasTensorflow) yield* infoOf(selectEngine("tensorflow", { threads: tensorflowThreads }))
      const error = yield* Effect.flip(infoOf(selectEngine("tensorflow", { threads: 3 })))
      assert.strictEqual(error._tag, "EngineNotAvailable")
      assert.deepStrictEqual(error.available, ["onnx", "reference"])
      assert.match(error.message, hasTensorflow ? /with 2 threads/ : /`pnpm engine:tensorflow`/)
    }),
  )
})
