import { assert, describe, it } from "@effect/vitest"
import { histogramOf } from "../../../storage/tensorboard/histogram.ts"
import { randomKey, randomWords } from "../../../stages/random.ts"

/** TensorFlow's limits, as histogram.cc makes them. */
const limits = (() => {
  const positive: Array<number> = []
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit)
  positive.push(Number.MAX_VALUE)
  return [...positive.map((limit) => -limit).toReversed(), 0, ...positive]
})()

const counted = (values: Float32Array) => {
  const counts = new Map<number, number>()
  for (const value of values) {
    const limit = limits.find((limit) => value < limit) ?? Number.NaN
    counts.set(limit, (counts.get(limit) ?? 0) + 1)
  }
  return new Map([...counts].sort(([a], [b]) => a - b))
}

const filled = (values: Float32Array) => {
  const { bucket = [], bucketLimit = [] } = histogramOf(values) ?? {}
  return new Map(bucketLimit.map((limit, i) => [limit, bucket[i]] as const).filter(([, count]) => count > 0))
}

describe("a histogram", () => {
  it("has the extremes, sums and buckets of its values, empty buckets in a row as one", () => {
    const histogram = histogramOf(Float32Array.of(-1, 0, 0, 2))
    assert.deepInclude(histogram, { min: -1, max: 2, num: 4, sum: 1, sumSquares: 5 })
    assert.deepStrictEqual(histogram?.bucket, [1, 0, 2, 0, 1])
    const [first, , zero, , last] = histogram?.bucketLimit ?? []
    assert.isAbove(first, -1)
    assert.isAtMost(first, -1 / 1.1)
    assert.strictEqual(zero, 1e-12)
    assert.isAbove(last, 2)
    assert.isAtMost(last, 2 * 1.1)
  })

  it("puts every float32 into the bucket that a search of TensorFlow's limits finds", () => {
    // Random bits are numbers of every size; the limits and their neighbours are where a bucket could be missed.
    const words = new Uint32Array(3000)
    randomWords(randomKey(0, "histogram"), 0, words)
    const anything = new Float32Array(words.buffer).filter(
      (value) => Number.isFinite(value) && Math.abs(value) < 1e30,
    )
    const around = limits
      .filter((limit) => Math.abs(limit) < 1e30)
      .flatMap((limit) => {
        const nearest = Float32Array.of(limit)
        const bits = new Uint32Array(nearest.buffer)
        return [0, -1, 1].map((step) => new Float32Array(Uint32Array.of(bits[0] + step).buffer)[0])
      })
      .filter(Number.isFinite)
    const values = Float32Array.from([...anything, ...around, 0, -0, 1e-45, -1e-45, 1e-12, 1e20, -1e20])
    assert.deepStrictEqual(filled(values), counted(values))
  })

  it("of a view begins where the view does", () => {
    const all = Float32Array.of(1, 2, 3, 4)
    assert.deepStrictEqual(histogramOf(all.subarray(2)), histogramOf(Float32Array.of(3, 4)))
  })

  it("of one value repeated is one bucket", () => {
    assert.deepStrictEqual(histogramOf(new Float32Array(7).fill(0.5))?.bucket, [7])
  })

  it.each([[[]], [[1, Number.NaN]], [[Number.POSITIVE_INFINITY]]])("of %j there is none", (values) => {
    assert.isUndefined(histogramOf(Float32Array.from(values)))
  })
})
