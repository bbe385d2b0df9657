/**
 * The dataset of a run: (fetched files, split) -> the dataset in memory and its split. Each is made once, when a stage first
 * needs it.
 */
import { Effect } from "effect"
import type { FetchedDataset, Split } from "../schemas/experiment/Dataset.ts"
import { loadDataset } from "../stages/dataset/load.ts"
import { splitDataset, type SplitIndices } from "../stages/dataset/split.ts"

export type RunData = Effect.Success<ReturnType<typeof makeRunData>>

export const makeRunData = Effect.fnUntraced(function* (fetched: FetchedDataset, split: Split) {
  /** The dataset in memory, verified against the digests that fetch recorded. */
  const resident = yield* Effect.cached(loadDataset(fetched))
  let indices: SplitIndices | undefined
  /** The sizes of a dataset never change within a run: a resumed run has them in its record and need not read the data. */
  const splitOnce = Effect.fnUntraced(function* (sizes: Parameters<typeof splitDataset>[1]) {
    return (indices ??= yield* Effect.fromResult(splitDataset(split, sizes)))
  })
  return { resident, split: splitOnce }
})
