/**
 * The worker thread of `batchThread.ts`: fills the arrays that it receives and sends them back, or what own code did instead.
 * Nothing is copied.
 */
import { parentPort, workerData } from "node:worker_threads"
import { StorageFailed } from "../../storage/StorageFailed.ts"
import { batchFiller, type BatchOptions, type FillBatch, type Images } from "./fillBatch.ts"

/** Arrays of consecutive iterations, to be filled in a request and filled in a reply. */
export interface Message {
  readonly id: number
  readonly iteration: number
  readonly iterations: number
  readonly images: Images
  readonly labels: Float32Array<ArrayBuffer>
}

/** The fields of an OwnCodeFailed: an error loses its class on the way to another thread. */
export interface Failed {
  readonly id: number
  readonly failed: { readonly what: string; readonly problem: string }
}

/** The fields of a StorageFailed: images in files cannot be read. */
export interface Unread {
  readonly id: number
  readonly unread: Pick<StorageFailed, "operation" | "path" | "code" | "found">
}

export type Reply = Message | Failed | Unread

const { options, texts } = workerData as {
  readonly options: BatchOptions
  readonly texts: ReadonlyArray<string>
}

interface Filling {
  readonly fillBatch: FillBatch
  /** What own code did wrong, if the error is one of own code. */
  readonly failureOf: (error: unknown) => Failed["failed"] | undefined
}

const makeFilling = async (): Promise<Filling> => {
  const { custom } = options.augmentation ?? {}
  if (custom === undefined) return { fillBatch: batchFiller(options), failureOf: () => undefined }
  // Loaded only here: most augmentations have no own code.
  const { failureOf, loadAugment } = await import("../code/loadAugment.ts")
  return { fillBatch: batchFiller(options, await loadAugment(options, custom, texts)), failureOf }
}

const { failureOf, fillBatch } = await makeFilling()

parentPort?.on("message", (message: Message) => {
  const { id, images, iteration, iterations, labels } = message
  try {
    for (let i = 0; i < iterations; i++) fillBatch(iteration + i, images, labels, i)
  } catch (error) {
    if (error instanceof StorageFailed) {
      const { code, found, operation, path } = error
      const unread = { operation, path, code, ...(found === undefined ? {} : { found }) }
      return parentPort?.postMessage({ id, unread } satisfies Unread)
    }
    const failed = failureOf(error)
    if (failed === undefined) throw error
    return parentPort?.postMessage({ id, failed } satisfies Failed)
  }
  parentPort?.postMessage(message, [images.buffer, labels.buffer])
})
