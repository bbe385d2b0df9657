/**
 * Which examples are unseen by a run: (run, its files, a dataset, indices) -> the indices of examples that are neither in the
 * run's training nor in its validation split.
 *
 * Two images are the same if they have the same index in the same file, or, in files that the run did not have, the same bytes.
 * Labels do not count: the network has seen the image.
 */
import { hash } from "node:crypto"
import { Effect } from "effect"
import type { FetchedDataset } from "../../schemas/experiment/Dataset.ts"
import { imageReader, imagesAtOnce, withImageReads } from "../../stages/dataset/images.ts"
import { loadDataset, type LoadedDataset } from "../../stages/dataset/load.ts"
import { splitDataset } from "../../stages/dataset/split.ts"
import type { Run } from "../../storage/runDirectory.ts"

/** Whether two datasets have the same image files. */
export const haveSameImages = (a: FetchedDataset, b: FetchedDataset) =>
  a.files.trainImages.sha256 === b.files.trainImages.sha256 &&
  a.files.testImages.sha256 === b.files.testImages.sha256

/** index in the dataset -> the digest of the image's file, and the index in that file */
const locateIn =
  ({ files }: FetchedDataset, { trainExamples }: LoadedDataset) =>
  (index: number) =>
    index < trainExamples
      ? { file: files.trainImages.sha256, at: index }
      : { file: files.testImages.sha256, at: index - trainExamples }

const hashImages = Effect.fnUntraced(function* (dataset: LoadedDataset, indices: ReadonlyArray<number>) {
  const read = imageReader(dataset)
  const atOnce = imagesAtOnce(dataset)
  const digests: Array<string> = []
  for (const index of indices) {
    digests.push(hash("sha256", read(index), "base64"))
    if (digests.length % atOnce === 0) yield* Effect.yieldNow
  }
  return digests
})

/** `own`: the files that the run was trained on. `fetched`, `dataset`: the files that `indices` refer to. */
export const findUnseenByRun = Effect.fn("findUnseenByRun")(
  function* (
    run: Run,
    own: FetchedDataset,
    fetched: FetchedDataset,
    dataset: LoadedDataset,
    indices: Uint32Array,
  ) {
    const ownDataset = haveSameImages(own, fetched) ? dataset : yield* loadDataset(own)
    const split = yield* splitDataset(run.identity.experiment.split, ownDataset)
    const seen = [...split.train, ...split.validation]
    const ownFiles = [own.files.trainImages.sha256, own.files.testImages.sha256]
    const seenIn = new Map(ownFiles.map((file) => [file, new Set<number>()]))
    const locateOwn = locateIn(own, ownDataset)
    for (const index of seen) {
      const { at, file } = locateOwn(index)
      seenIn.get(file)?.add(at)
    }
    const locate = locateIn(fetched, dataset)
    const inOtherFiles = [...indices].filter((index) => !seenIn.has(locate(index).file))
    const seenDigests = new Set(inOtherFiles.length === 0 ? [] : yield* hashImages(ownDataset, seen))
    const digests = yield* hashImages(dataset, inOtherFiles)
    const copies = new Set(inOtherFiles.filter((_, i) => seenDigests.has(digests[i])))
    return indices.filter((index) => {
      const { at, file } = locate(index)
      return seenIn.get(file)?.has(at) !== true && !copies.has(index)
    })
  },
  Effect.scoped,
  withImageReads,
)
