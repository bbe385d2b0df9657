/**
 * The images of a dataset, in memory or in files: (dataset) -> a function that reads some of them.
 *
 * Images are bytes, one image after another, train set before test set. Those that are larger than `ImageMemory` stay in the files
 * of the cache and are read by position: the page cache of the system holds what is used, and gives it back when another program
 * needs the memory. Both kinds can be sent to a thread: memory is shared, and the threads of a process share its open files.
 */
import { Context, Effect, Schema } from "effect"
import { size } from "../../format/size.ts"
import { Failure } from "../../schemas/Failure.ts"
import { readPart } from "../../storage/openFile.ts"
import { StorageFailed } from "../../storage/StorageFailed.ts"

/** A file of images that is open. */
export interface StoredPart {
  /** Its descriptor. */
  readonly file: number
  readonly path: string
  /** The offset of its first image. */
  readonly at: number
  readonly images: number
}

export interface StoredImages {
  /** One after another. Open until the scope of whoever loaded the dataset ends. */
  readonly parts: ReadonlyArray<StoredPart>
  /** Where a file without a name may be made. */
  readonly folder: string
}

export type Images = Uint8Array | StoredImages

/** [height, width, channels] */
export type ImageShape = readonly [height: number, width: number, channels: number]

interface WithImages {
  readonly imageShape: ImageShape
  readonly images: Images
}

/** The name of the environment variable with another limit, in MB. */
export const imageMemoryVariable = "TIDEMARK_IMAGE_MEMORY_MB"

/** Bytes of images that are held in memory. A dataset that has more is read from its files. Without it, the variable counts. */
export const ImageMemory = Context.Reference<number | undefined>("tidemark/stages/dataset/ImageMemory", {
  defaultValue: () => undefined,
})

/** The variable has something else than a number of megabytes. */
export class ImageMemoryInvalid extends Failure<ImageMemoryInvalid>()("ImageMemoryInvalid", {
  exitCode: "usage",
  fields: { found: Schema.String },
  message: ({ found }) =>
    `cannot read the environment variable ${imageMemoryVariable}: found ${JSON.stringify(found)}, expected a number of megabytes; set it to 4000 for 4 GB`,
}) {}

/** With the engine and batches, a run then needs less than 1 GB. */
const defaultBytes = 512e6

export const imageMemoryBytes = Effect.gen(function* () {
  const bytes = yield* ImageMemory
  if (bytes !== undefined) return bytes
  const text = process.env[imageMemoryVariable]?.trim() ?? ""
  if (text === "") return defaultBytes
  // "4GB" would be read as 4 MB, and "unlimited" as nothing.
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1e6 : yield* new ImageMemoryInvalid({ found: text })
})

export const isStored = (images: Images): images is StoredImages => !(images instanceof Uint8Array)

export const imageBytes = ({ imageShape: [height, width, channels] }: Pick<WithImages, "imageShape">) =>
  height * width * channels

/** Images between two yields of a loop over all of them: some milliseconds of work, and at most some MB of memory. */
export const imagesAtOnce = (dataset: Pick<WithImages, "imageShape">, bytes = 2 ** 21) =>
  Math.max(1, Math.floor(bytes / imageBytes(dataset)))

/** Reads bytes `from` to `until` of all images in files. Throws what the system reports. */
const readStored = (parts: ReadonlyArray<StoredPart>, bytes: number, from: number, to: Uint8Array) => {
  let start = 0
  let done = 0
  for (const { at, file, images, path } of parts) {
    const end = start + images * bytes
    const next = from + done
    if (done < to.length && next < end) {
      const length = Math.min(to.length - done, end - next)
      readPart(file, path, at + next - start, to.subarray(done, done + length))
      done += length
    }
    start = end
  }
}

/** Where the images of a dataset are, in one sentence. */
export const describeStored = (
  dataset: Pick<WithImages, "imageShape"> & { readonly labels: Int32Array },
  limitBytes: number,
) =>
  `${size(dataset.labels.length * imageBytes(dataset))} of images are read from the files of the cache, because they are more than ${size(limitBytes)}`

/** A reader throws what the system reports, in the middle of a loop: here it becomes a failure of the effect. */
export const withImageReads = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E | StorageFailed, R> =>
  Effect.catchDefect(effect, (defect) =>
    defect instanceof StorageFailed ? Effect.fail(defect) : Effect.die(defect),
  )

/** Images `from` to `until`, without the latter; one image without it. Valid until the reader is called again. */
export type ReadImages = (from: number, until?: number) => Uint8Array

/** A reader has memory of its own for images in files: to compare two images, make two readers. */
export const imageReader = ({ images, imageShape }: WithImages): ReadImages => {
  const bytes = imageBytes({ imageShape })
  if (!isStored(images)) {
    return (from, until = from + 1) => images.subarray(from * bytes, until * bytes)
  }
  let memory = new Uint8Array(bytes)
  return (from, until = from + 1) => {
    const length = (until - from) * bytes
    if (memory.length < length) memory = new Uint8Array(length)
    const read = memory.subarray(0, length)
    readStored(images.parts, bytes, from * bytes, read)
    return read
  }
}

/** Whether two images have equal bytes. */
export const imageComparer = (dataset: WithImages) => {
  const [read, readOther] = [imageReader(dataset), imageReader(dataset)]
  return (index: number, other: number): boolean => Buffer.compare(read(index), readOther(other)) === 0
}
