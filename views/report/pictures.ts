/**
 * The pictures of a report page, as PNG: (records) -> misclassified examples, an example of each class, filters of the first
 * layer.
 *
 * Nothing here fails: the dataset or the checkpoints may be gone. `missing` describes what cannot be drawn.
 */
import { Effect, Path, Result } from "effect"
import type { DatasetFigures, FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { loadCheckpoint } from "../../stages/train/checkpoint.ts"
import { readExamples } from "../../stages/dataset/examples.ts"
import { layout } from "../../storage/runDirectory.ts"
import { alikeIndices } from "../page/alike.ts"
import { examplePicture, type Picture } from "../page/examplePicture.ts"
import type { Predictions } from "../../storage/predictions.ts"
import { type FilterSheet, filterSheet } from "./filters.ts"
import type { RunRecords } from "./RunRecords.ts"

/** With more classes, no example of each is shown. */
const maxClasses = 64
/** The first test example of each class: position in the test split by label. */
const firstOfEach = ({ labels }: Predictions, classes: number) => {
  const first = new Map<number, number>()
  for (let row = 0; row < labels.length && first.size < classes; row++) {
    if (!first.has(labels[row])) first.set(labels[row], row)
  }
  return first
}

const drawExamples = Effect.fnUntraced(function* (
  rows: ReadonlyArray<number>,
  options: {
    readonly fetched: FetchedDataset
    readonly dataset: DatasetFigures
    readonly predictions: Predictions
  },
) {
  const { dataset, fetched, predictions } = options
  const indexOf = (row: number) => predictions.indices[row]
  const pixels = yield* readExamples(fetched, dataset.train.examples, rows.map(indexOf))
  const drawn = new Map<number, Picture>()
  for (const row of rows) {
    const image = pixels.get(indexOf(row))
    const picture = image === undefined ? null : yield* examplePicture(image, fetched.imageShape)
    if (picture !== null) drawn.set(row, picture)
  }
  return drawn
})

const drawAlike = Effect.fnUntraced(function* (fetched: FetchedDataset, dataset: DatasetFigures) {
  const indices = alikeIndices(dataset.nearDuplicates)
  const drawn = new Map<number, Picture>()
  for (const [index, image] of yield* readExamples(fetched, dataset.train.examples, indices)) {
    const picture = yield* examplePicture(image, fetched.imageShape)
    if (picture !== null) drawn.set(index, picture)
  }
  return drawn
})

export interface Pictures {
  /** By position in the test split. */
  readonly examples: ReadonlyMap<number, Picture>
  /** Position in the test split, by label. */
  readonly ofClass: ReadonlyMap<number, number>
  readonly filters: FilterSheet | null
  /** Near duplicates, by index in the dataset. */
  readonly alike: ReadonlyMap<number, Picture>
  readonly missing: ReadonlyArray<string>
}

const drawFilters = Effect.fnUntraced(function* (records: RunRecords, missing: Array<string>) {
  const { experiment, header, layers, trained } = records
  if (trained === undefined || experiment === undefined || layers === undefined) return null
  const paths = yield* Path.Path
  const file = paths.basename(trained.checkpoint)
  const loaded = yield* loadCheckpoint(paths.join(header.path, layout.checkpoints), file).pipe(
    Effect.catch((error) => Effect.succeed(Result.fail(error.message))),
  )
  if (Result.isFailure(loaded)) {
    missing.push(`cannot read checkpoint ${file}, so filters are not shown: ${loaded.failure}`)
    return null
  }
  const imageShape = records.dataset?.imageShape
  return imageShape === undefined
    ? null
    : yield* filterSheet({ state: loaded.success.state, model: experiment.model, layers, imageShape })
})

export const drawPictures = Effect.fn("drawPictures")(function* (records: RunRecords) {
  const { dataset, fetched, predictions, test } = records
  const missing: Array<string> = []
  const nothing = {
    examples: new Map<number, Picture>(),
    ofClass: new Map<number, number>(),
    alike: new Map<number, Picture>(),
  }
  const filters = yield* drawFilters(records, missing)
  if (test === null || predictions === undefined || dataset === undefined) {
    return { ...nothing, filters, missing } satisfies Pictures as Pictures
  }
  if (fetched === undefined) {
    missing.push("stages/fetch.json is missing, so no images of examples are shown")
    return { ...nothing, filters, missing } satisfies Pictures as Pictures
  }
  const ofClass = dataset.classes <= maxClasses ? firstOfEach(predictions, dataset.classes) : nothing.ofClass
  const rows = [...new Set([...(test.mistakes ?? []).map(({ index }) => index), ...ofClass.values()])]
  const examples = yield* drawExamples(
    rows.filter((row) => row < predictions.indices.length),
    { dataset, fetched, predictions },
  ).pipe(
    Effect.catch((error) => {
      missing.push(`cannot read the dataset, so no images of examples are shown: ${error.message}`)
      return Effect.succeed(nothing.examples)
    }),
  )
  // What cannot be read is missing for the examples, too.
  const alike = yield* drawAlike(fetched, dataset).pipe(Effect.orElseSucceed(() => nothing.alike))
  return { examples, ofClass, alike, filters, missing } satisfies Pictures as Pictures
})
