/** The stages that make a dataset ready: fetch (dataset of the experiment -> files) and validate (files -> figures). */
import { Effect } from "effect"
import { count } from "../format/numbers.ts"
import { DatasetFigures, FetchedDataset, isPacked } from "../schemas/experiment/Dataset.ts"
import { describeDataset } from "../stages/fetch/datasets.ts"
import { ContentNotKnown, fetchDataset, isImmutable } from "../stages/fetch/fetch.ts"
import { isStillCached } from "../stages/fetch/isStillCached.ts"
import { classNames } from "../stages/dataset/classNames.ts"
import { standardization } from "../stages/dataset/normalize.ts"
import { describeEmptyClasses, findEmptyClasses } from "../stages/validate/emptyClasses.ts"
import { describeLargeBatch } from "../stages/validate/largeBatch.ts"
import { readsExamples, type SplitIndices } from "../stages/dataset/split.ts"
import {
  describeNearDuplicates,
  findNearDuplicates,
  shownExamples,
} from "../stages/validate/nearDuplicates.ts"
import { checkRepeated } from "../stages/validate/repeatedImages.ts"
import { findEqualImages } from "../stages/validate/equalImages.ts"
import { readNames } from "../stages/dataset/exampleNames.ts"
import { validateDataset } from "../stages/validate/validate.ts"
import { checkLeakage, checkParentClasses } from "./lineage/parents.ts"
import { CurrentRun } from "./CurrentRun.ts"
import { type RunData } from "./runData.ts"
import { describePacked } from "../stages/pack/describePacked.ts"
import { stage } from "./stage.ts"

/**
 * Dataset of the experiment -> verified files in the cache. A resumed run keeps the files that it started with. `isValidated`:
 * an earlier attempt finished the validate stage.
 */
export const fetch = Effect.fnUntraced(function* (isValidated: boolean) {
  const { dataDir, experiment, id } = yield* CurrentRun
  const { dataset } = experiment
  return yield* stage({
    name: "fetch",
    success: FetchedDataset,
    execute: Effect.fnUntraced(function* (previous) {
      const isRecordLost = previous === undefined && isValidated
      if (isRecordLost && !isImmutable(dataset)) return yield* new ContentNotKnown({ run: id })
      const fetched = yield* fetchDataset({ dataset, dataDir, recorded: previous })
      const { files, name, packed } = fetched
      if (packed !== undefined) {
        yield* Effect.logInfo(describePacked(name, packed), { files, packed })
        return fetched
      }
      // The common folder or address is enough here; the log has the source of each file.
      const sources = [
        ...new Set(Object.values(files).map(({ source }) => source.replace(/\/[^/]+?(\)?)$/, "$1"))),
      ]
      yield* Effect.logInfo(`${name}: 4 files, verified, from ${sources.join(", ")}`, { files })
      return fetched
    }),
    stillValid: isStillCached,
  })
})

const sizesOf = ({ test, train, validation }: SplitIndices) => ({
  train: train.length,
  validation: validation.length,
  test: test.length,
})

/** Files -> figures of the dataset, or the faults that validation found. */
export const validate = Effect.fnUntraced(function* (fetched: FetchedDataset, data: RunData) {
  const run = yield* CurrentRun
  const { experiment } = run
  return yield* stage({
    name: "validate",
    success: DatasetFigures,
    execute: Effect.fnUntraced(function* () {
      const { bounds } = describeDataset(experiment.dataset)
      const dataset = yield* data.loaded
      const equal = yield* findEqualImages(dataset)
      const figures = yield* validateDataset(dataset, bounds, equal)
      const { classes, duplicates, imageShape, test, train } = figures
      yield* Effect.logInfo(
        `${count(train.examples)} training and ${count(test.examples)} test images of ${imageShape.join("×")}, ${classes} classes, ${count(duplicates)} test images also in the training set`,
      )
      const split = yield* data.split(dataset)
      const { classNames: recorded, packed } = fetched
      const names = classNames(experiment.dataset, classes, recorded)
      if (packed !== undefined && isPacked(experiment.dataset)) {
        const { allow } = experiment.dataset
        yield* checkRepeated({ data: dataset, packed, split, equal, allow, classNames: names })
      }
      const alike = packed === undefined ? undefined : yield* findNearDuplicates(dataset, split)
      const nearDuplicates =
        packed === undefined || alike === undefined
          ? undefined
          : describeNearDuplicates(alike, split, yield* readNames(packed, shownExamples(alike)))
      if (nearDuplicates !== undefined && nearDuplicates.pairs > 0) {
        const { pairs } = nearDuplicates
        yield* Effect.logInfo(
          pairs === 1
            ? "1 pair of images in several splits looks alike"
            : `${count(pairs)} pairs of images in several splits look alike`,
        )
      }
      yield* checkParentClasses(run, recorded)
      yield* checkLeakage(run, fetched, dataset, split, duplicates)
      const emptyClasses = findEmptyClasses(dataset, split)
      if (emptyClasses !== undefined) {
        for (const text of describeEmptyClasses(emptyClasses, names)) yield* Effect.logWarning(text)
      }
      const largeBatch = describeLargeBatch(experiment.batchSize, split.train.length)
      if (largeBatch !== undefined) yield* Effect.logWarning(largeBatch)
      // Of the images that the network sees.
      const prepared = yield* data.prepared
      const standardizedBy = yield* standardization(experiment.normalization, prepared, split.train)
      return {
        ...figures,
        ...(standardizedBy === undefined ? {} : { standardizedBy }),
        ...(emptyClasses === undefined ? {} : { emptyClasses }),
        ...(recorded === undefined ? {} : { classNames: recorded }),
        ...(readsExamples(experiment.split) ? { split: sizesOf(split) } : {}),
        ...(nearDuplicates === undefined ? {} : { nearDuplicates }),
      }
    }),
  })
})
