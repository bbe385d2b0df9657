/**
 * A trace whose batch TensorFlow computes in two halves: (outputs, feeds, whether on the processor) -> equivalent outputs.
 *
 * TensorFlow runs branches of a graph in parallel. In an operation on a small batch, a second thread gains little: two halves of
 * the batch, each on a core of its own, take 0.6 to 1.0 of the time. The number of parts is fixed, so cutting the batch gives the same
 * bits for any number of threads.
 */
import { reachable, type Value } from "../trace/graph.ts"
import { inParts, partSizes } from "../trace/parts.ts"
import type { Trace } from "../trace/trace.ts"
import { valuesOfNormalizations } from "./lowering/normalization.ts"

export const batchParts = 2

/** Every feed with axes has the batch as its first. On a GPU the batch stays whole. */
export const inPartsOfBatch = (
  outputs: ReadonlyArray<Value>,
  feeds: Trace<never>["feeds"],
  isOnCpu: boolean,
): ReadonlyArray<Value> => {
  const fed = new Set(feeds.flatMap(({ input }) => (input.shape.length > 0 ? [input] : [])))
  const [first] = fed
  if (first === undefined || !isOnCpu) return outputs
  const normalizations = valuesOfNormalizations(reachable(outputs))
  return inParts(outputs, {
    sizes: partSizes(first.shape[0], batchParts),
    isBatch: (input) => fed.has(input as Value),
    // The loss is computed from a few numbers for each example.
    isWhole: (value) => value.layer === "loss" || normalizations.has(value),
  })
}
