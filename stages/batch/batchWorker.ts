/** The worker thread of `batchThread.ts`: fills the arrays that it receives and sends them back. Nothing is copied. */
import { parentPort, workerData } from "node:worker_threads"
import { batchFiller, type BatchOptions } from "./fillBatch.ts"

/** Arrays of consecutive iterations, to be filled in a request and filled in a reply. */
export interface Message {
  readonly id: number
  readonly iteration: number
  readonly iterations: number
  readonly images: Float32Array<ArrayBuffer>
  readonly labels: Float32Array<ArrayBuffer>
}

const { options, texts } = workerData as {
  readonly options: BatchOptions
  readonly texts: ReadonlyArray<string>
}

const makeFill = async () => {
  const { custom } = options.augmentation ?? {}
  if (custom === undefined) return batchFiller(options)
  // Loaded only here: most augmentations have no own code.
  const { loadAugment } = await import("../code/loadAugment.ts")
  return batchFiller(options, await loadAugment(options, custom, texts))
}

const fillBatch = await makeFill()

parentPort?.on("message", (message: Message) => {
  const { images, iteration, iterations, labels } = message
  for (let i = 0; i < iterations; i++) fillBatch(iteration + i, images, labels, i)
  parentPort?.postMessage(message, [images.buffer, labels.buffer])
})
