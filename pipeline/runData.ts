/**
 * The dataset of a run: (fetched files, split) -> it in memory and its split, each made once, when a stage first needs it.
 */
import { Effect } from "effect"
import type { FetchedDataset, Split } from "../schemas/Dataset.ts"
import { loadDataset } from "../stages/dataset/load.ts"
import { splitDataset, type SplitIndices } from "../stages/dataset/split.ts"

export type RunData = Effect.Success<ReturnType<typeof makeRunData>>

export const makeRunData = Effect.fnUntraced(function* (fetched: FetchedDataset, split: Split) {
  /** Read and checked against the digests that fetch recorded. */
  const resident = yield* Effect.cached(loadDataset(fetched))
  let indices: SplitIndices | undefined
  /** The sizes of a dataset never change within a run: a resumed one knows them from its record, without reading the data. */
  const splitOnce = Effect.fnUntraced(function* (sizes: Parameters<typeof splitDataset>[1]) {
    return (indices ??= yield* Effect.fromResult(splitDataset(split, sizes)))
  })
  return { resident, split: splitOnce }
})
