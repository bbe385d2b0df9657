/**
 * The dataset of an experiment without training: (experiment, cache) -> figures, split and every problem that a run would end
 * with.
 */
import { Effect, Result } from "effect"
import { isPacked } from "../../schemas/experiment/Dataset.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { classNames } from "../../stages/dataset/classNames.ts"
import { imageBytes, isStored, withImageReads } from "../../stages/dataset/images.ts"
import { loadDataset } from "../../stages/dataset/load.ts"
import { pixelFigures } from "../../stages/dataset/normalize.ts"
import { splitDataset, type SplitIndices } from "../../stages/dataset/split.ts"
import { describeDataset } from "../../stages/fetch/datasets.ts"
import { fetchDataset } from "../../stages/fetch/fetch.ts"
import { describeEmptyClasses, findEmptyClasses } from "../../stages/validate/emptyClasses.ts"
import { describeLargeBatch } from "../../stages/validate/largeBatch.ts"
import {
  describeNearDuplicates,
  findNearDuplicates,
  shownExamples,
} from "../../stages/validate/nearDuplicates.ts"
import { checkRepeated } from "../../stages/validate/repeatedImages.ts"
import { findEqualImages } from "../../stages/validate/equalImages.ts"
import { readNames } from "../../stages/dataset/exampleNames.ts"
import { validateDataset } from "../../stages/validate/validate.ts"

export type InspectedData = Effect.Success<ReturnType<typeof inspectData>>

export const inspectData = Effect.fn("inspectData")(function* (
  { batchSize, dataset, split: splitting }: Experiment,
  dataDir: string,
) {
  const fetched = yield* fetchDataset({ dataset, dataDir })
  const data = yield* loadDataset(fetched)
  const names = classNames(dataset, data.classes, fetched.classNames)
  const equal = yield* findEqualImages(data)
  const { bounds } = describeDataset(dataset)
  const validated = yield* validateDataset(data, bounds, equal).pipe(Effect.result)
  const split = yield* splitDataset(splitting, data).pipe(Effect.result)
  const problems: Array<string> = []
  const warnings: Array<string> = []
  if (Result.isFailure(validated)) problems.push(validated.failure.message)
  if (Result.isFailure(split)) problems.push(split.failure.message)
  else {
    const { packed } = fetched
    if (packed !== undefined && isPacked(dataset)) {
      const options = { data, packed, equal, split: split.success, classNames: names }
      const found = yield* checkRepeated({ ...options, allow: dataset.allow }).pipe(Effect.result)
      if (Result.isFailure(found)) problems.push(found.failure.message)
    }
    const empty = findEmptyClasses(data, split.success)
    if (empty !== undefined) warnings.push(...describeEmptyClasses(empty, names))
    const largeBatch = describeLargeBatch(batchSize, split.success.train.length)
    if (largeBatch !== undefined) warnings.push(largeBatch)
  }
  const describeAlike = Effect.fnUntraced(function* (split: SplitIndices) {
    const alike = yield* findNearDuplicates(data, split)
    const { packed } = fetched
    const known = packed === undefined ? undefined : yield* readNames(packed, shownExamples(alike))
    return describeNearDuplicates(alike, split, known)
  })
  const nearDuplicates = Result.isFailure(split) ? null : yield* describeAlike(split.success)
  const all = yield* pixelFigures(
    data,
    Uint32Array.from({ length: data.labels.length }, (_, index) => index),
  )
  const parts = Result.isSuccess(split)
    ? (["train", "validation", "test"] as const).map((name) => ({ name, indices: split.success[name] }))
    : []
  const countIn = (indices: Uint32Array) => {
    const counts = Array.from({ length: data.classes }, () => 0)
    for (const index of indices) counts[data.labels[index]]++
    return counts
  }
  return {
    fetched,
    data,
    summary: {
      name: fetched.name,
      imageShape: fetched.imageShape,
      imageBytes: data.labels.length * imageBytes(data),
      /** Whether training holds the images in memory; others are read from files. */
      isInMemory: !isStored(data.images),
      classes: names,
      trainExamples: data.trainExamples,
      testExamples: data.testExamples,
      pixelMean: all.mean,
      pixelStddev: all.stddev,
      splits: parts.map(({ indices, name }) => ({
        name,
        examples: indices.length,
        classCounts: countIn(indices),
      })),
      nearDuplicates,
      packed: fetched.packed === undefined ? null : { ...fetched.packed, names: fetched.packed.names.path },
      problems,
      warnings,
    },
  }
}, withImageReads)
