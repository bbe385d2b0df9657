/**
 * The dataset of a run: (fetched files, split) -> the loaded dataset and its split. Each is made once, when a stage first needs
 * it, and released with the run's scope.
 */
import { Effect, Scope } from "effect"
import type { FetchedDataset } from "../schemas/experiment/Dataset.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import type { Split } from "../schemas/experiment/Split.ts"
import { describeStored, imageMemoryBytes, isStored } from "../stages/dataset/images.ts"
import { loadDataset, type LoadedDataset } from "../stages/dataset/load.ts"
import { loadPreprocess, preprocessDataset } from "../stages/dataset/preprocess.ts"
import { readsExamples, splitDataset, type SplitIndices } from "../stages/dataset/split.ts"

export type RunData = Effect.Success<ReturnType<typeof makeRunData>>

export const makeRunData = Effect.fnUntraced(function* (
  fetched: FetchedDataset,
  split: Split,
  own: Pick<Experiment, "code" | "preprocess">,
) {
  const scope = yield* Effect.scope
  /** The dataset, verified against the digests that fetch recorded. */
  const loaded = yield* Effect.cached(
    Effect.gen(function* () {
      const dataset = yield* loadDataset(fetched)
      if (isStored(dataset.images)) {
        yield* Effect.logInfo(describeStored(dataset, yield* imageMemoryBytes))
      }
      return dataset
    }).pipe(Scope.provide(scope)),
  )
  /** The same with the images that the network sees: own code has changed them. */
  const prepared = yield* Effect.cached(
    Effect.gen(function* () {
      return yield* preprocessDataset(yield* loadPreprocess(own), yield* loaded)
    }).pipe(Scope.provide(scope)),
  )
  let indices: SplitIndices | undefined
  /**
   * The sizes of a dataset never change within a run: a resumed run has them in its record and need not read the data, unless
   * the split depends on the examples.
   */
  const splitOnce = Effect.fnUntraced(function* (
    sizes: Pick<LoadedDataset, "trainExamples" | "testExamples">,
  ) {
    if (indices !== undefined) return indices
    const source = readsExamples(split) ? yield* loaded : sizes
    return (indices = yield* splitDataset(split, source))
  })
  return { loaded, prepared, split: splitOnce }
})
