/**
 * The fetch stage: (dataset, data folder) -> its four files in the cache, uncompressed and verified. Datasets of image files and
 * arrays are packed into such files (`stages/pack/`).
 *
 * No unverified file has a final name. Files are fetched one after another, so that only one is in memory. Any number
 * of runs may fetch into one cache. A resumed run gets the content it started with or an error, because other content
 * would be split differently.
 */
import { Effect, Schema } from "effect"
import {
  type Dataset,
  type FetchedDataset,
  type FetchedFile,
  type FileName,
  fileNames,
  isPacked,
} from "../../schemas/experiment/Dataset.ts"
import type { PackedDataset } from "../../schemas/experiment/PackedDataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { SourceChanged } from "../pack/SourceInvalid.ts"
import { datasets, describeDataset } from "./datasets.ts"
import { isStillCached } from "./isStillCached.ts"
import { fetchOwnFile } from "./ownFile.ts"
import { fetchPublishedFile } from "./publishedFile.ts"

export { OwnFileNotFound } from "./ownFile.ts"
export { DataNotAvailable } from "./sources.ts"

/** The record of the content that a run started with is lost, and other content would be a different dataset. */
export class ContentNotKnown extends Failure<ContentNotKnown>()("ContentNotKnown", {
  exitCode: "dataError",
  fields: { run: Schema.String },
  message: ({ run }) =>
    `cannot resume ${run}: found no readable stages/fetch.json, expected the digests of its data, because other data would be split differently; restore the file or start a new run`,
}) {}

/** Whether the content of the dataset is the same whenever it is fetched. */
export const isImmutable = (dataset: Dataset): boolean =>
  typeof dataset === "string" ||
  (!isPacked(dataset) && fileNames.every((name) => dataset[name].sha256 !== undefined))

/** The packed copy of a dataset. `recorded`: what a resumed run started with. */
const fetchPacked = Effect.fnUntraced(function* (
  dataset: PackedDataset,
  dataDir: string,
  recorded: FetchedDataset | undefined,
) {
  if (recorded !== undefined && (yield* isStillCached(recorded))) return recorded
  // The readers of all formats: most datasets need none.
  const { packDataset } = yield* Effect.promise(() => import("../pack/packDataset.ts"))
  const fetched = yield* packDataset(dataset, dataDir)
  const digest = (of: FetchedDataset) => of.packed?.digest.slice(0, 16) ?? "none"
  const isSame =
    recorded === undefined ||
    (digest(recorded) === digest(fetched) &&
      recorded.classNames?.join("\0") === fetched.classNames?.join("\0"))
  if (isSame) return fetched
  return yield* new SourceChanged({
    dataset: dataset.name,
    found: digest(fetched),
    expected: digest(recorded),
  })
})

export const fetchDataset = Effect.fn("fetchDataset")(function* (options: {
  readonly dataset: Dataset
  /** The cache, which all runs share. It has one folder for each dataset. */
  readonly dataDir: string
  /** The record of a run that is resumed: other content is refused. */
  readonly recorded?: FetchedDataset | undefined
}) {
  const { dataDir, dataset, recorded } = options
  if (isPacked(dataset)) return yield* fetchPacked(dataset, dataDir, recorded)
  const fetchFile = (key: FileName) =>
    typeof dataset === "string"
      ? fetchPublishedFile({
          dataset,
          entry: datasets[dataset],
          key,
          recorded: recorded?.files[key].sha256,
          dataDir,
        })
      : fetchOwnFile({
          dataset: dataset.name,
          file: key,
          source: dataset[key],
          recorded: recorded?.files[key].sha256,
          dataDir,
        })
  const files: Record<FileName, FetchedFile> = {
    trainImages: yield* fetchFile("trainImages"),
    trainLabels: yield* fetchFile("trainLabels"),
    testImages: yield* fetchFile("testImages"),
    testLabels: yield* fetchFile("testLabels"),
  }
  const { classes, imageShape, layout, name } = describeDataset(dataset)
  const fetched: FetchedDataset = { name, classes, imageShape, layout, files }
  return fetched
})
