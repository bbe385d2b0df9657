import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import type { Split } from "../../../schemas/experiment/Split.ts"
import { splitDataset } from "../../../stages/dataset/split.ts"

const mnist = { trainExamples: 60_000, testExamples: 10_000 }
const split = (options: Split, sizes = mnist) => Effect.runSync(splitDataset(options, sizes))
const refused = (options: Split, sizes = mnist) => Effect.runSync(Effect.flip(splitDataset(options, sizes)))

const covers = (lists: ReadonlyArray<Uint32Array>, examples: number): boolean => {
  const all = lists.flatMap((list) => [...list])
  return all.length === examples && new Set(all).size === examples && all.every((index) => index < examples)
}

const ascending = (list: Uint32Array): boolean => list.every((index, i) => i === 0 || list[i - 1] < index)

describe("the standard split", () => {
  const { test, train, validation } = split({ kind: "standard", validation: 5000, seed: 0 })

  it("of MNIST has 55,000, 5,000 and the 10,000 examples of the test set", () => {
    assert.deepStrictEqual([train.length, validation.length, test.length], [55_000, 5000, 10_000])
    assert.isTrue(covers([train, validation, test], 70_000))
    assert.deepStrictEqual([test[0], test[9999]], [60_000, 69_999])
  })

  it("keeps every list in ascending order", () => {
    assert.isTrue([train, validation, test].every(ascending))
  })

  it("draws validation from the whole train set, by the seed only", () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (const index of validation) tenths[Math.floor(index / 6000)]++
    assert.isTrue(tenths.every((count) => Math.abs(count - 500) < 110))
    assert.deepStrictEqual(split({ kind: "standard", validation: 5000, seed: 0 }).validation, validation)
    assert.notDeepEqual(split({ kind: "standard", validation: 5000, seed: 1 }).validation, validation)
  })

  it("draws a larger validation set that holds the smaller one", () => {
    const larger = new Set(split({ kind: "standard", validation: 6000, seed: 0 }).validation)
    assert.isTrue(validation.every((index) => larger.has(index)))
  })
})

describe("the pooled split", () => {
  it("divides all 70,000 examples by its shares", () => {
    const { test, train, validation } = split({ kind: "pooled", test: 0.2, validation: 0.1, seed: 3 })
    assert.deepStrictEqual([test.length, validation.length, train.length], [14_000, 5600, 50_400])
    assert.isTrue(covers([train, validation, test], 70_000))
    assert.isTrue([train, validation, test].every(ascending))
    assert.isAbove(test.filter((index) => index < 60_000).length, 10_000)
  })

  it.effect.prop(
    "is disjoint and covers every example, or the error names the set that would be empty",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 })),
      Schema.Int,
    ],
    ([test, validation, trainExamples, testExamples, seed]) =>
      Effect.gen(function* () {
        const sizes = { trainExamples, testExamples }
        const result = yield* splitDataset(
          { kind: "pooled", test: test / 100, validation: validation / 100, seed },
          sizes,
        ).pipe(Effect.result)
        if (Result.isSuccess(result)) {
          const lists = [result.success.train, result.success.validation, result.success.test]
          assert.isTrue(covers(lists, trainExamples + testExamples))
          assert.isTrue(lists.every((list) => list.length > 0))
        } else {
          assert.strictEqual(result.failure._tag, "SplitEmpty")
        }
      }),
  )
})

describe("splitDataset refuses", () => {
  it("a validation set as large as the train set", () => {
    const error = refused({ kind: "standard", validation: 60_000, seed: 0 })
    assert.strictEqual(error.set, "train")
    assert.strictEqual(
      error.message,
      "the split leaves the train set empty: found 60000 examples to divide, expected at least one for each set; lower split.validation, now 60000",
    )
  })
  it("shares too small for one example", () => {
    assert.strictEqual(refused({ kind: "pooled", test: 0, validation: 0.1, seed: 0 }).set, "test")
    assert.strictEqual(refused({ kind: "pooled", test: 0.1, validation: 0, seed: 0 }).set, "validation")
  })
  it("shares that leave no examples to train on", () => {
    assert.strictEqual(refused({ kind: "pooled", test: 0.999, validation: 0.999, seed: 0 }).set, "train")
  })
})
