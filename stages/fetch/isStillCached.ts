/** Whether all files of a dataset are still in the cache, unchanged: (FetchedDataset) -> boolean. */
import { Effect } from "effect"
import type { FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { lookUp } from "./cache.ts"

const filesOf = ({ files, packed }: FetchedDataset) => [
  ...Object.values(files),
  ...(packed === undefined ? [] : [packed.names, ...(packed.groups === undefined ? [] : [packed.groups])]),
]

export const isStillCached = Effect.fn("isStillCached")(function* (fetched: FetchedDataset) {
  for (const { path, sha256 } of filesOf(fetched)) {
    if ((yield* lookUp(path, sha256)).kind !== "verified") return false
  }
  return true
})
