/**
 * Opens the image files of a fetched dataset: (files) -> their images, verified, in memory or in the open files (`images.ts`).
 *
 * Each file is read once, in pieces, which are hashed and, if they are few enough, copied into memory on the way.
 */
import { createHash } from "node:crypto"
import { Effect, Path, Result, Schema } from "effect"
import { type FetchedDataset, type FetchedFile, originOf } from "../../schemas/experiment/Dataset.ts"
import { Failure } from "../../schemas/Failure.ts"
import { openFile, readPart } from "../../storage/openFile.ts"
import { failedNow, type StorageFailed } from "../../storage/StorageFailed.ts"
import { type Idx, longestHeaderBytes, parseIdxHeader } from "./idx.ts"
import {
  imageBytes,
  imageMemoryBytes,
  imagesAtOnce,
  type ImageShape,
  type StoredImages,
  type StoredPart,
} from "./images.ts"

const fault = {
  path: Schema.String,
  found: Schema.String,
  expected: Schema.String,
  advice: Schema.String,
}

/** A file has changed since it was fetched. */
export class ChecksumMismatch extends Failure<ChecksumMismatch>()("ChecksumMismatch", {
  exitCode: "dataError",
  fields: fault,
  message: ({ advice, expected, found, path }) =>
    `${path} has changed: found ${found}, expected ${expected}; ${advice}`,
}) {}

/** Images whose size, type or number of channels is not that of the dataset. */
export class ImageShapeMismatch extends Failure<ImageShapeMismatch>()("ImageShapeMismatch", {
  exitCode: "dataError",
  fields: fault,
  message: ({ advice, expected, found, path }) =>
    `${path} does not hold the dataset's images: found ${found}, expected ${expected}; ${advice}`,
}) {}

interface IdxShape {
  readonly type: Idx["type"]
  readonly dims: ReadonlyArray<number>
}

export const shapeOf = ({ dims, type }: IdxShape): string => `${type} [${dims.join(", ")}]`

/** The error of content that has another digest than the one that was fetched. */
export const changed = (file: FetchedFile, sizeBytes: number, sha256: string) =>
  new ChecksumMismatch({
    path: file.path,
    found: `${sizeBytes} bytes of SHA-256 ${sha256}`,
    expected: `${file.sizeBytes} bytes of SHA-256 ${file.sha256}`,
    advice: "delete it and fetch it again",
  })

/** The number of images of a file, checked to be [examples, height, width] or [examples, height, width, channels] bytes. */
const countImages = (
  idx: IdxShape,
  path: string,
  shape: ImageShape,
  /** Of packed data, whose test examples a split may take from all. */
  mayBeEmpty: boolean,
) => {
  const [height, width, channels] = shape
  const wanted = channels === 1 ? [height, width] : [height, width, channels]
  const dims = idx.dims.length === 4 && channels === 1 && idx.dims[3] === 1 ? idx.dims.slice(0, 3) : idx.dims
  const fits = dims.length === wanted.length + 1 && wanted.every((size, axis) => dims[axis + 1] === size)
  return idx.type === "uint8" && fits && (idx.dims[0] > 0 || mayBeEmpty)
    ? Result.succeed(idx.dims[0])
    : Result.fail(
        new ImageShapeMismatch({
          path,
          found: shapeOf(idx),
          expected: `uint8 [examples, ${wanted.join(", ")}]`,
          advice: "check the dataset's imageShape, and that this is the image file",
        }),
      )
}

/** Transposes images from [examples, width, height, channels] to [examples, height, width, channels]. */
const transpose = Effect.fnUntraced(function* (from: Uint8Array, to: Uint8Array, shape: ImageShape) {
  const [height, width, channels] = shape
  const size = height * width * channels
  const atOnce = imagesAtOnce({ imageShape: shape })
  for (let image = 0; image * size < from.length; image++) {
    const start = image * size
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) {
          to[start + (y * width + x) * channels + c] = from[start + (x * height + y) * channels + c]
        }
      }
    }
    if (image % atOnce === atOnce - 1) yield* Effect.yieldNow
  }
})

type FetchedImages = Pick<FetchedDataset, "imageShape" | "layout" | "packed">

/** An image file that is open, and how many images its header and its size say that it has. */
const openImages = Effect.fnUntraced(function* (
  { imageShape, layout, packed }: FetchedImages,
  file: FetchedFile,
) {
  const opened = yield* openFile(file.path)
  const start = yield* Effect.try({
    try: () => opened.read(0, longestHeaderBytes),
    catch: failedNow("read", file.path),
  })
  const [height, width, channels] = imageShape
  const stored: ImageShape = layout.transposed ? [width, height, channels] : imageShape
  const header = Result.flatMap(parseIdxHeader(start, opened.sizeBytes, originOf(file)), (idx) =>
    Result.map(countImages(idx, originOf(file), stored, packed !== undefined), (images) => ({
      images,
      at: idx.headerBytes,
    })),
  )
  return { ...opened, fetched: file, header }
})
type OpenImages = Effect.Success<ReturnType<typeof openImages>>

/** About 10 ms of SHA-256 on a slow processor. */
const pieceBytes = 4 * 2 ** 20

/**
 * Checks the digest of an open image file, and copies its pixels into `to`, if there is one, on the way. Content that is not
 * what was fetched is that first, whatever its header is.
 */
const verify = Effect.fnUntraced(function* (
  { fetched, file, header, sizeBytes }: OpenImages,
  to: Uint8Array | undefined,
) {
  const hash = createHash("sha256")
  const piece = new Uint8Array(Math.min(pieceBytes, sizeBytes))
  const offset = Result.isSuccess(header) ? header.success.at : 0
  for (let at = 0; at < sizeBytes; at += pieceBytes) {
    const part = piece.subarray(0, Math.min(pieceBytes, sizeBytes - at))
    yield* Effect.try({
      try: () => readPart(file, fetched.path, at, part),
      catch: (error) => error as StorageFailed,
    })
    hash.update(part)
    to?.set(at < offset ? part.subarray(offset) : part, Math.max(0, at - offset))
    yield* Effect.yieldNow
  }
  const sha256 = hash.digest("hex")
  if (sha256 !== fetched.sha256) return yield* changed(fetched, sizeBytes, sha256)
  return yield* Effect.fromResult(header)
})

const countOf = ({ header }: OpenImages) => (Result.isSuccess(header) ? header.success.images : 0)

/** Images one after another in shared memory, so that the thread that fills batches needs no copy. */
const intoMemory = Effect.fnUntraced(function* (
  { imageShape, layout }: FetchedImages,
  files: ReadonlyArray<OpenImages>,
) {
  const size = imageBytes({ imageShape })
  const total = files.reduce((sum, file) => sum + countOf(file), 0)
  const images = new Uint8Array(new SharedArrayBuffer(total * size))
  let first = 0
  for (const file of files) {
    const set = images.subarray(first * size, (first += countOf(file)) * size)
    const stored = layout.transposed ? new Uint8Array(set.length) : set
    yield* verify(file, Result.isSuccess(file.header) ? stored : undefined)
    if (layout.transposed) yield* transpose(stored, set, imageShape)
  }
  return images
})

/** The images of some files of a dataset, verified; of files, until the scope ends. */
export const loadImages = Effect.fnUntraced(function* (
  fetched: FetchedImages,
  files: ReadonlyArray<FetchedFile>,
) {
  const paths = yield* Path.Path
  const opened = yield* Effect.forEach(files, (file) => openImages(fetched, file))
  const total = opened.reduce((sum, file) => sum + countOf(file) * imageBytes(fetched), 0)
  // Those that must be transposed are small.
  if (total <= (yield* imageMemoryBytes) || fetched.layout.transposed) {
    return { images: yield* intoMemory(fetched, opened), counts: opened.map(countOf) }
  }
  const parts = yield* Effect.forEach(opened, (each) =>
    Effect.map(verify(each, undefined), (header): StoredPart => ({
      file: each.file,
      path: each.fetched.path,
      ...header,
    })),
  )
  const images: StoredImages = { parts, folder: paths.dirname(files[0].path) }
  return { images, counts: opened.map(countOf) }
})
