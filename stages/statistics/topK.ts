/** Top-k accuracy: (labels, probabilities) -> the share of examples whose label is among the k largest probabilities. */

/**
 * A label counts if fewer than `k` probabilities of its example are larger: of equal ones at the edge all count, as in Keras.
 * A probability that is no number never counts. `labels`: [examples]; `probabilities`: [examples, classes].
 */
export const topKAccuracy = (
  {
    classes,
    labels,
    probabilities,
  }: {
    readonly classes: number
    readonly labels: ArrayLike<number>
    readonly probabilities: Float32Array
  },
  k: number,
): number => {
  let right = 0
  for (let example = 0; example < labels.length; example++) {
    const row = probabilities.subarray(example * classes, (example + 1) * classes)
    const own = row[labels[example]]
    let larger = 0
    for (const probability of row) if (!(probability <= own)) larger++
    if (larger < k && Number.isFinite(own)) right++
  }
  return right / labels.length
}
