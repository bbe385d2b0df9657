import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"

const infoOf = (layer: ReturnType<typeof selectEngine>) =>
  Effect.map(Effect.provide(Engine, layer), ({ info }) => info)

describe("selecting an engine", () => {
  it.effect("takes onnx on auto, with as many threads as asked for", () =>
    Effect.gen(function* () {
      const info = yield* infoOf(selectEngine("auto", { threads: 1 }))
      assert.strictEqual(info.name, "onnx")
      assert.strictEqual(info.threads, 1)
      assert.match(info.path, /^(nchwc8|nchwc16|portable)$/)
      assert.isFalse(info.threadsChangeBits)
    }),
  )

  it.effect("takes the reference by name", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* infoOf(selectEngine("reference"))).name, "reference")
    }),
  )

  it.effect("says which engines there are when tensorflow is asked for", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(selectEngine("tensorflow"))))
      assert.strictEqual(error._tag, "EngineNotAvailable")
      assert.deepStrictEqual(error.available, ["onnx", "reference"])
    }),
  )
})
