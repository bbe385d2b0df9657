/** Bytes as the values that a step gets for them (`Feed.isBytes`): (bytes, or float32 values) -> float32 values. */

/** A 255th of each byte, rounded to float32: the quotient of two float32 values has the same bits. */
export const unitValues = Float32Array.from({ length: 256 }, (_, byte) => byte / 255)

/** Float32 values are returned as they are. */
export const floatsOf = (values: Float32Array | Uint8Array): Float32Array => {
  if (values instanceof Float32Array) return values
  const floats = new Float32Array(values.length)
  for (let i = 0; i < values.length; i++) floats[i] = unitValues[values[i]]
  return floats
}
