/**
 * Which examples of another dataset a run has not learnt from: (run, its files, that dataset, indices) -> those of them
 * that are neither in its train nor in its validation split.
 *
 * An image is the same where it is at the same place of the same file, or, of files that the run never had, has the same
 * bytes. Whether its label was another one then is no matter: the network has seen it.
 */
import { hash } from "node:crypto"
import { Effect } from "effect"
import type { FetchedDataset } from "../../schemas/Dataset.ts"
import { loadDataset, type ResidentDataset } from "../../stages/dataset/load.ts"
import { splitDataset } from "../../stages/dataset/split.ts"
import type { Run } from "../../storage/runDirectory.ts"

/** The same images at the same places. */
export const areSameImages = (a: FetchedDataset, b: FetchedDataset) =>
  a.files.trainImages.sha256 === b.files.trainImages.sha256 &&
  a.files.testImages.sha256 === b.files.testImages.sha256

/** Images hashed between two yields: some 5 ms. */
const imagesAtOnce = 4096

/** index in the dataset -> the digest of the image's file, and its place in it */
const placeIn =
  ({ files }: FetchedDataset, { trainExamples }: ResidentDataset) =>
  (index: number) =>
    index < trainExamples
      ? { file: files.trainImages.sha256, at: index }
      : { file: files.testImages.sha256, at: index - trainExamples }

const imageDigests = Effect.fnUntraced(function* (
  { images, labels }: ResidentDataset,
  indices: ReadonlyArray<number>,
) {
  const pixels = images.length / labels.length
  const digests: Array<string> = []
  for (const index of indices) {
    digests.push(hash("sha256", images.subarray(index * pixels, (index + 1) * pixels), "base64"))
    if (digests.length % imagesAtOnce === 0) yield* Effect.yieldNow
  }
  return digests
})

/** `own`: the files the run was trained on. `fetched`, `dataset`: what `indices` count in. */
export const unseenBy = Effect.fn("unseenBy")(function* (
  run: Run,
  own: FetchedDataset,
  fetched: FetchedDataset,
  dataset: ResidentDataset,
  indices: Uint32Array,
) {
  const ownFiles = [own.files.trainImages.sha256, own.files.testImages.sha256]
  const lessons = areSameImages(own, fetched) ? dataset : yield* loadDataset(own)
  const { train, validation } = yield* Effect.fromResult(splitDataset(run.identity.experiment.split, lessons))
  const ownPlace = placeIn(own, lessons)
  const learnt = new Map(ownFiles.map((file) => [file, new Set<number>()]))
  for (const index of [...train, ...validation]) {
    const { at, file } = ownPlace(index)
    learnt.get(file)?.add(at)
  }
  const place = placeIn(fetched, dataset)
  const strange = [...indices].filter((index) => !learnt.has(place(index).file))
  const lessonDigests = new Set(
    strange.length === 0 ? [] : yield* imageDigests(lessons, [...train, ...validation]),
  )
  const strangeDigests = yield* imageDigests(dataset, strange)
  const met = new Set(strange.filter((_, i) => lessonDigests.has(strangeDigests[i])))
  return indices.filter((index) => {
    const { at, file } = place(index)
    return learnt.get(file)?.has(at) !== true && !met.has(index)
  })
})
