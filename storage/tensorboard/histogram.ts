/**
 * How values are distributed: (float32 values) -> a histogram with TensorFlow's buckets, empty ones in a row as one.
 *
 * The limits grow by a tenth from 1e-12 to 1e20, on both sides of 0 (tsl/lib/histogram/histogram.cc). No value is
 * sorted, and no logarithm taken: a float32's upper 16 bits name a cell in which there is one limit at most, so a
 * value's bucket is looked up and then compared with once. 3.2 million values take some 25 ms.
 */
import type { HistogramProto } from "./proto.ts"

const limits: Float64Array = (() => {
  const positive: Array<number> = []
  for (let limit = 1e-12; limit < 1e20; limit *= 1.1) positive.push(limit)
  positive.push(Number.MAX_VALUE)
  return Float64Array.from([...positive.toReversed().map((limit) => -limit), 0, ...positive])
})()

/** The bucket of a value: the first whose limit is greater. */
const bucketOf = (value: number) => {
  let low = 0
  let high = limits.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (limits[middle] > value) high = middle
    else low = middle + 1
  }
  return low
}

/** For each upper half of a float32's bits, the bucket of the smallest value that begins so. */
let cells: Uint16Array | undefined
const makeCells = () => {
  const bits = new Uint32Array(1)
  const value = new Float32Array(bits.buffer)
  return Uint16Array.from({ length: 1 << 16 }, (_, upper) => {
    // Of a negative number the smallest value has the largest lower half.
    bits[0] = upper < 0x8000 ? upper << 16 : ((upper << 16) | 0xffff) >>> 0
    return bucketOf(value[0])
  })
}

/** Undefined if there are no values or one is not finite. */
export const histogramOf = (values: Float32Array): HistogramProto | undefined => {
  const cell = (cells ??= makeCells())
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const counts = new Float64Array(limits.length)
  let [min, max, sum, sumSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    let bucket = cell[bits[i] >>> 16]
    if (value >= limits[bucket]) bucket++
    counts[bucket]++
    if (value < min) min = value
    if (value > max) max = value
    sum += value
    sumSquares += value * value
  }
  if (values.length === 0 || !Number.isFinite(sumSquares)) return undefined
  const bucketLimit: Array<number> = []
  const bucket: Array<number> = []
  // Empty buckets at the ends are omitted: the native reader would draw the first bucket from `min` down to its limit.
  const end = bucketOf(max) + 1
  for (let i = bucketOf(min); i < end; i++) {
    // A row of empty buckets becomes one bucket with the upper limit of the last.
    if (counts[i] === 0) while (counts[i + 1] === 0) i++
    bucketLimit.push(limits[i])
    bucket.push(counts[i])
  }
  return { min, max, num: values.length, sum, sumSquares, bucketLimit, bucket }
}
