import { assert, describe, it } from "@effect/vitest"
import { shardsOf } from "../../../stages/pack/shards.ts"

describe("a list of shards", () => {
  it("has every file of its ranges, with as many digits as the first number", () => {
    assert.deepStrictEqual(shardsOf("a-{08..10}.tar"), ["a-08.tar", "a-09.tar", "a-10.tar"])
    assert.deepStrictEqual(shardsOf("{0..1}-{0..1}"), ["0-0", "0-1", "1-0", "1-1"])
    assert.deepStrictEqual(shardsOf(["a.tar", "b-{1..2}.tar"]), ["a.tar", "b-1.tar", "b-2.tar"])
    assert.deepStrictEqual(shardsOf(undefined), [])
  })

  it("leaves a descending range as it is, and more files than a dataset has", () => {
    for (const path of ["a-{2..1}.tar", "{0..999}-{0..999}.tar", "{0..199999}{2..1}", "{2..1}{0..199999}"]) {
      assert.deepStrictEqual(shardsOf(path), [path])
    }
  })
})
