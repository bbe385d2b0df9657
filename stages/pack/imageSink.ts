/**
 * Writes the images of a set into the cache while they are decoded: (folder, shape) -> append images, then keep the file.
 *
 * An IDX file, as those of MNIST, so that the rest of a run reads one format. It is named by its digest, as every file of the cache.
 * No more than a block of images is in memory, whatever their number.
 */
import { createHash } from "node:crypto"
import { Effect, Path } from "effect"
import type { FetchedFile } from "../../schemas/experiment/Dataset.ts"
import { makeGrowingFile } from "../../storage/growingFile.ts"
import { failedNow } from "../../storage/StorageFailed.ts"
import { idxHeader } from "../dataset/idx.ts"
import { imageBytes, type ImageShape } from "../dataset/images.ts"
import { keepPublished, lookUp } from "../fetch/cache.ts"

const dimsOf = (examples: number, [height, width, channels]: ImageShape) => [
  examples,
  height,
  width,
  ...(channels === 1 ? [] : [channels]),
]

/** About 10 ms of SHA-256 on a slow processor. */
const pieceBytes = 4 * 2 ** 20

export const makeImageSink = Effect.fn("makeImageSink")(function* (folder: string, shape: ImageShape) {
  const file = yield* makeGrowingFile(folder)
  const header = idxHeader(dimsOf(0, shape))
  yield* Effect.try({ try: () => file.append(header), catch: failedNow("write", folder) })
  const countImages = () => (file.sizeBytes() - header.byteLength) / imageBytes({ imageShape: shape })
  return {
    /** Adds whole images. Throws a `StorageFailed`. */
    append: file.append,
    /** The file in the cache; `source`: where the images came from, for people. Once, after the last image. */
    keep: Effect.fnUntraced(function* (source: string) {
      const paths = yield* Path.Path
      const hash = createHash("sha256")
      const piece = new Uint8Array(pieceBytes)
      const sizeBytes = file.sizeBytes()
      yield* Effect.try({
        try: () => file.writeStart(idxHeader(dimsOf(countImages(), shape))),
        catch: failedNow("write", folder),
      })
      for (let at = 0; at < sizeBytes;) {
        const received = yield* Effect.try({
          try: () => file.read(at, piece),
          catch: failedNow("read", folder),
        })
        hash.update(piece.subarray(0, received))
        at += received
        yield* Effect.yieldNow
      }
      const sha256 = hash.digest("hex")
      const path = paths.join(folder, `${sha256}.idx`)
      const cached = yield* lookUp(path, sha256)
      if (cached.kind === "verified") return cached.file
      yield* file.publish(path)
      const kept: FetchedFile = { path, sizeBytes, sha256, source }
      yield* keepPublished(kept)
      return kept
    }),
  }
})
export type ImageSink = Effect.Success<ReturnType<typeof makeImageSink>>
