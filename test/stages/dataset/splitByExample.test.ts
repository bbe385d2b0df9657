import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Split } from "../../../schemas/experiment/Split.ts"
import { splitDataset, type SplitSource } from "../../../stages/dataset/split.ts"
import { apportion } from "../../../stages/dataset/stratified.ts"

/** Images of four bytes, all different. */
const source = (examples: number, groups?: Int32Array): SplitSource => ({
  trainExamples: examples,
  testExamples: 0,
  labels: Int32Array.from({ length: examples }, (_, i) => (i % 10 === 0 ? 1 : 0)),
  imageShape: [2, 2, 1],
  images: new Uint8Array(Uint32Array.from({ length: examples }, (_, i) => i * 2_654_435_761).buffer),
  ...(groups === undefined ? {} : { groups }),
})
const split = (options: Split, of: SplitSource) => Effect.runSync(splitDataset(options, of))
const hashed: Split = { kind: "hashed", by: "content", test: 0.2, validation: 0.1, seed: 0 }
const sorted = (...lists: ReadonlyArray<Uint32Array>) =>
  lists.flatMap((list) => [...list]).sort((a, b) => a - b)
const all = (examples: number) => Array.from({ length: examples }, (_, i) => i)

describe("a split by hash", () => {
  it("moves no example when others are added, and has about the shares that it is given", () => {
    const [before, after] = [split(hashed, source(2000)), split(hashed, source(3000))]
    for (const name of ["train", "validation", "test"] as const) {
      assert.deepStrictEqual(
        [...before[name]],
        [...after[name]].filter((index) => index < 2000),
      )
    }
    assert.deepStrictEqual(sorted(after.train, after.validation, after.test), all(3000))
    assert.approximately(after.test.length / 3000, 0.2, 0.03)
    assert.approximately(after.validation.length / 3000, 0.08, 0.02)
    assert.notDeepEqual(split({ ...hashed, seed: 1 }, source(2000)), before)
  })

  it.effect("lets other work run while it hashes large images", () =>
    Effect.gen(function* () {
      const large = { trainExamples: 8, testExamples: 0, imageShape: [1024, 1024, 1] as const }
      const images = Uint8Array.from({ length: 8 * 2 ** 20 }, (_, i) => i >> 20)
      let steps = 0
      const other = Effect.sync(() => steps++).pipe(Effect.andThen(Effect.yieldNow), Effect.forever)
      yield* Effect.forkChild(other)
      yield* splitDataset({ ...hashed, test: 0.5, validation: 0.5 }, { ...large, images }).pipe(Effect.result)
      assert.isAbove(steps, 0)
    }),
  )

  it("keeps a group together", () => {
    const groups = Int32Array.from({ length: 2000 }, (_, at) => (at >> 1) % 50)
    const { test } = split({ ...hashed, by: "group" }, source(1000, groups))
    const ofTest = new Set([...test].map((index) => groups[2 * index]))
    assert.isAbove(test.length, 0)
    assert.strictEqual(all(1000).filter((index) => ofTest.has(groups[2 * index])).length, test.length)
  })

  it("keeps the test set of the dataset without a share for it", () => {
    const { test: _, ...keepsTest } = hashed
    const found = split(keepsTest, { ...source(1000), trainExamples: 900, testExamples: 100 })
    assert.deepStrictEqual(
      [...found.test],
      all(1000).filter((index) => index >= 900),
    )
    assert.isAbove(found.validation.length, 40)
  })
})

describe("a stratified split", () => {
  const shareOf = (list: Uint32Array) => [...list].filter((index) => index % 10 === 0).length / list.length

  it("has every class in the same share in every split, and the sizes of one that is not stratified", () => {
    for (const options of [
      { kind: "pooled", test: 0.2, validation: 0.25, seed: 3 },
      { kind: "standard", validation: 200, seed: 3 },
    ] as const) {
      const of =
        options.kind === "pooled" ? source(1000) : { ...source(1000), trainExamples: 900, testExamples: 100 }
      const plain = split(options, of)
      const found = split({ ...options, stratified: true }, of)
      assert.deepStrictEqual(sorted(found.train, found.validation, found.test), all(1000))
      for (const name of ["train", "validation", "test"] as const) {
        assert.strictEqual(found[name].length, plain[name].length)
        assert.approximately(shareOf(found[name]), 0.1, 0.005, name)
      }
    }
  })

  it("gives seats by largest remainders", () => {
    assert.deepStrictEqual(apportion([53, 24, 23], 10), [5, 3, 2])
    assert.deepStrictEqual(apportion([0, 0], 0), [0, 0])
    assert.deepStrictEqual(apportion([1, 1, 1], 2), [1, 1, 0])
  })
})
