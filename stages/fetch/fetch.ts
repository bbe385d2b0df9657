/**
 * The fetch stage: (dataset, data folder) -> its four files in the cache, uncompressed and verified.
 *
 * Nothing unverified is ever under a final name. Files are fetched one after another, so that one at a time is in memory;
 * any number of runs may fetch into one cache. A run that has begun is given the content it began with, or none: of other
 * content its split would be other examples.
 */
import { Effect, Schema } from "effect"
import {
  type Dataset,
  type FetchedDataset,
  type FetchedFile,
  type FileName,
  fileNames,
} from "../../schemas/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { lookUp } from "./cache.ts"
import { datasets, describeDataset } from "./datasets.ts"
import { fetchOwnFile } from "./ownFile.ts"
import { fetchPublishedFile } from "./publishedFile.ts"

export { OwnFileNotFound } from "./ownFile.ts"
export { DataNotAvailable } from "./sources.ts"

/** What a run began with is known from its record alone, and that is gone. */
export class ContentNotKnown extends Failure<ContentNotKnown>()("ContentNotKnown", {
  exitCode: "dataError",
  fields: { run: Schema.String },
  message: ({ run }) =>
    `${run} cannot go on: found no stages/fetch.json that can be read, expected the digests of the data it began with, as other data would be split otherwise; bring that file back or begin a new run`,
}) {}

/** Whether the dataset can have but one content, whenever it is fetched. */
export const isOneContent = (dataset: Dataset): boolean =>
  typeof dataset === "string" || fileNames.every((name) => dataset[name].sha256 !== undefined)

export const fetchDataset = Effect.fn("fetchDataset")(function* (options: {
  readonly dataset: Dataset
  /** The cache: shared by runs, one folder a dataset. */
  readonly dataDir: string
  /** What a run that has begun recorded: other content is refused. */
  readonly recorded?: FetchedDataset | undefined
}) {
  const { dataDir, dataset, recorded } = options
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
          source: dataset[key].source,
          sha256: dataset[key].sha256,
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

/** Whether the files a run began with are in the cache, unchanged: a resumed run asks this of its record. */
export const isStillThere = Effect.fn("isStillThere")(function* (fetched: FetchedDataset) {
  for (const { path, sha256 } of Object.values(fetched.files)) {
    if ((yield* lookUp(path, sha256)).kind !== "verified") return false
  }
  return true
})
