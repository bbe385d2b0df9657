import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { fold, randomKey, randomWords, threefry } from "../../stages/random.ts"

const block = (k0: number, k1: number, c0: number, c1: number) => {
  const out = new Uint32Array(2)
  threefry(k0, k1, c0, c1, out, 0)
  return [...out].map((word) => word.toString(16).padStart(8, "0")).join(" ")
}

describe("threefry", () => {
  // Random123 1.14, tests/kat_vectors, lines "threefry2x32 20".
  it("reproduces the published test vectors of Threefry-2x32-20", () => {
    assert.strictEqual(block(0, 0, 0, 0), "6b200159 99ba4efe")
    assert.strictEqual(block(-1, -1, -1, -1), "1cb996fc bb002be7")
    assert.strictEqual(block(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff), "1cb996fc bb002be7")
    assert.strictEqual(block(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3), "c4923a9c 483df7a0")
  })
})

describe("randomWords", () => {
  it.prop(
    "gives the same words whichever piece of the stream is drawn",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 500 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65 })),
    ],
    ([half, length]) => {
      const key = randomKey(7, "test")
      const whole = new Uint32Array(1100)
      randomWords(key, 0, whole)
      const piece = new Uint32Array(length)
      randomWords(key, half * 2, piece)
      assert.deepStrictEqual(piece, whole.slice(half * 2, half * 2 + length))
    },
  )

  it("does not repeat its first words at positions beyond 2^33", () => {
    const near = new Uint32Array(2)
    const far = new Uint32Array(2)
    randomWords(randomKey(0, "test"), 0, near)
    randomWords(randomKey(0, "test"), 2 ** 33, far)
    assert.notDeepEqual(near, far)
  })

  it("sets each of the 32 bits in half of 40,000 words, within five standard deviations", () => {
    const words = new Uint32Array(40_000)
    randomWords(randomKey(1, "bits"), 0, words)
    for (let bit = 0; bit < 32; bit++) {
      let set = 0
      for (const word of words) set += (word >>> bit) & 1
      assert.isBelow(Math.abs(set - 20_000), 500)
    }
  })
})

describe("randomKey", () => {
  it("differs between seeds, negative and large ones too, and between purposes", () => {
    const keys = [0, 1, -1, 2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
      .flatMap((seed) => ["shuffle", "split", ""].map((purpose) => randomKey(seed, purpose)))
      .map(({ k0, k1 }) => `${k0} ${k1}`)
    assert.strictEqual(new Set(keys).size, keys.length)
  })

  it("never equals the key of a shorter purpose with a number folded in", () => {
    for (let number = 0; number < 256; number++) {
      const folded = fold(randomKey(3, "dropout"), number)
      assert.notDeepEqual(folded, randomKey(3, `dropout${String.fromCharCode(number)}`))
    }
  })
})
