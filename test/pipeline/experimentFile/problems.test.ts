/** The problem lists that users read when a schema refuses their value. */
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { layers, Model } from "../../../schemas/experiment/Model.ts"
import { Optimizer, optimizers } from "../../../schemas/experiment/Optimizer.ts"
import { problemsOf } from "../../../pipeline/experimentFile/problems.ts"

const refuse = (schema: Schema.Codec<unknown>, value: unknown) => {
  const decoded = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })(value)
  if (Result.isSuccess(decoded)) throw new Error("the schema accepted the value")
  return problemsOf(value, decoded.failure.issue).map(({ at, problem }) => `${at}: ${problem}`)
}

const Pet = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("cat"), lives: Schema.Int }),
  Schema.Struct({ kind: Schema.Literal("dog"), tricks: Schema.Array(Schema.String) }),
])

const Percent = Schema.Finite.check(
  Schema.isGreaterThanOrEqualTo(0),
  Schema.isLessThanOrEqualTo(100, { message: "a percentage is at most 100" }),
)

describe("problemsOf", () => {
  it("lists the kinds of a tagged union: for an object at its kind, for anything else at the value", () => {
    const Owner = Schema.Struct({ pets: Schema.Array(Schema.Union([Pet, Schema.Null])) })
    assert.deepStrictEqual(
      refuse(Owner, { pets: [{ kind: "cow" }, {}, "cat", { kind: "cat", lives: 0.5 }] }),
      [
        'pets[0].kind: found "cow", expected cat or dog',
        "pets[1].kind: missing, expected cat or dog",
        'pets[2]: found "cat", expected null or an object of kind cat or dog',
        "pets[3].lives: found 0.5, expected an integer",
      ],
    )
  })

  it("lists literals and types of a union in one line", () => {
    const Size = Schema.Union([Schema.Literals(["small", "large"]), Schema.Finite, Schema.Boolean])
    assert.deepStrictEqual(refuse(Size, "medium"), [
      ': found "medium", expected "small", "large", a number or true or false',
    ])
  })

  it("states what a missing field expects, and names unknown fields and elements", () => {
    const Owner = Schema.Struct({ name: Schema.String, pet: Pet, at: Schema.Tuple([Schema.Finite]) })
    assert.deepStrictEqual(refuse(Owner, { nme: "Ada", at: [1, 2] }), [
      "nme: unknown field; did you mean name?",
      "pet: missing, expected an object of kind cat or dog",
      "at[1]: unexpected element",
    ])
  })

  it("shows how an option is written that has no name, as in Keras, or another name", () => {
    const model = [layers.dropout(0.5 as never), layers.dense(10 as never), layers.maxPooling2d(4 as never)]
    assert.deepStrictEqual(refuse(Schema.Struct({ model: Model }), { model }), [
      "model[0]: found 0.5 without a name; write layers.dropout({ rate: 0.5 })",
      "model[1]: found 10 without a name; write layers.dense({ units: 10 })",
      "model[2]: found 4 without a name; write layers.maxPooling2d({ poolSize: 4 })",
    ])
    assert.deepStrictEqual(refuse(Schema.Struct({ model: Model }), { model: [{ kind: "dense" }] }), [
      "model[0].units: missing, expected a number; write layers.dense({ units: 64 })",
    ])
    const Optimized = Schema.Struct({ optimizer: Optimizer })
    assert.deepStrictEqual(refuse(Optimized, { optimizer: optimizers.adam(0.001 as never) }), [
      "optimizer: found 0.001 without a name; write optimizers.adam({ learningRate: 0.001 })",
    ])
    assert.deepStrictEqual(
      refuse(Optimized, { optimizer: { kind: "sgd", lr: 0.1, momentum: 0.9 } }),
      [
        "optimizer.lr: unknown field; did you mean learningRate?",
        "optimizer.momentum: unknown field; write optimizers.momentum({ learningRate: 0.01, momentum: 0.9 })",
      ],
      "the missing learningRate is said once",
    )
  })

  it("states both lengths if an array fits no member of a union", () => {
    const Shape = Schema.Union([
      Schema.Tuple([Schema.Int, Schema.Int]),
      Schema.Tuple([Schema.Int, Schema.Int, Schema.Int]),
    ])
    for (const value of [[1], [1, 2, 3, 4]]) {
      assert.deepStrictEqual(refuse(Schema.Struct({ shape: Shape }), { shape: value }), [
        `shape: found an array of ${value.length}, expected an array of 2 or an array of 3`,
      ])
    }
  })

  it("states every check that failed: in the check's own words if it has a message", () => {
    assert.deepStrictEqual(refuse(Percent, -1), [": found -1, expected a value greater than or equal to 0"])
    assert.deepStrictEqual(refuse(Percent, 101), [": a percentage is at most 100"])
  })

  it("gives words such as Expected in a message no meaning", () => {
    const Odd = Schema.Int.check(Schema.makeFilter((n) => n % 2 === 1, { message: 'Expected "kind": "odd"' }))
    assert.deepStrictEqual(refuse(Schema.Struct({ number: Odd }), { number: 2 }), [
      'number: Expected "kind": "odd"',
    ])
  })
})
