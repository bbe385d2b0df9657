import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { schemaProblem } from "../../format/schemaProblem.ts"

const decode = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ budget: Schema.Struct({ epochs: Schema.Int }) })),
)

describe("schemaProblem", () => {
  it.effect("names the file, the place and the first problem in one line", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decode('{"budget":{"epochs":1.5}}'))
      assert.strictEqual(schemaProblem("run.json", error), "run.json at budget.epochs: Expected an integer")
    }),
  )

  it.effect("names no place for a file that is not JSON", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(decode("{"))
      assert.strictEqual(schemaProblem("run.json", error), "run.json: Expected a valid JSON string")
    }),
  )
})
