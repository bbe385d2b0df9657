import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { randomKey } from "../../stages/random.ts"
import { permutation, shuffle } from "../../stages/shuffle.ts"

const order = (indexAt: (position: number) => number, length: number) =>
  Uint32Array.from({ length }, (_, position) => indexAt(position))

const isBijection = (indices: Uint32Array): boolean => {
  const seen = new Uint8Array(indices.length)
  for (const index of indices) seen[index]++
  return seen.every((count) => count === 1)
}

const lengths = [1, 2, 3, 4, 5, 7, 8, 9, 10, 100, 1000, 55_000, 60_000]
const powers = [4, 5, 10, 15, 16].flatMap((bits) => [2 ** bits - 1, 2 ** bits, 2 ** bits + 1])

describe("permutation", () => {
  it("is a bijection of [0, length) for small lengths, usual ones, and those around powers of two", () => {
    for (const length of [...lengths, ...powers]) {
      assert.isTrue(isBijection(order(permutation(randomKey(length, "test"), length), length)), `${length}`)
    }
  })

  it.effect.prop(
    "is a bijection for every seed, epoch and length",
    [
      Schema.Int,
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 31 })),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 700 })),
    ],
    ([seed, epoch, length]) =>
      Effect.sync(() => assert.isTrue(isBijection(order(shuffle(seed, length)(epoch), length)))),
  )

  it("stays in range at the largest length", () => {
    const indexAt = permutation(randomKey(0, "test"), 2 ** 31)
    const indices = Array.from({ length: 1000 }, (_, i) => indexAt(2 ** 31 - 1 - i))
    assert.isTrue(indices.every((index) => index >= 0 && index < 2 ** 31))
    assert.strictEqual(new Set(indices).size, 1000)
  })

  it("gives every order of four examples equally often, within five standard deviations", () => {
    const orderOf = shuffle(9, 4)
    const times = new Map<string, number>()
    for (let epoch = 0; epoch < 24_000; epoch++) {
      const name = order(orderOf(epoch), 4).join("")
      times.set(name, (times.get(name) ?? 0) + 1)
    }
    assert.strictEqual(times.size, 24)
    for (const [name, count] of times) assert.isBelow(Math.abs(count - 1000), 160, name)
  })

  it("leaves positions and indices uncorrelated over an epoch of 55,000", () => {
    const indices = order(shuffle(0, 55_000)(0), 55_000)
    const middle = (55_000 - 1) / 2
    let between = 0
    let within = 0
    for (const [position, index] of indices.entries()) {
      between += (position - middle) * (index - middle)
      within += (position - middle) ** 2
    }
    // The standard deviation of the correlation of a random order is 1/√n, here 0.0043.
    assert.isBelow(Math.abs(between / within), 0.0215)
  })
})

const of = (seed: number, epoch: number) => order(shuffle(seed, 1000)(epoch), 1000).join()

describe("shuffle", () => {
  it("gives a different order for another epoch or seed, and the same order for the same ones", () => {
    assert.strictEqual(of(1, 2), of(1, 2))
    assert.strictEqual(new Set([of(1, 2), of(1, 3), of(2, 2), of(-1, 2), of(1, 0)]).size, 5)
  })

  it("gives the same order as earlier versions, so that their runs can be resumed", () => {
    assert.deepStrictEqual(
      [...order(shuffle(42, 55_000)(3), 8)],
      [17816, 53795, 22678, 28632, 19308, 871, 38222, 44857],
    )
  })
})
