/** The thread beside (`batchThread.ts`): fills the arrays it is sent and sends them back. Nothing is copied on the way. */
import { parentPort, workerData } from "node:worker_threads"
import { batchFiller, type BatchOptions } from "./fillBatch.ts"

/** Arrays of consecutive iterations; those of the answer are filled. */
export interface Message {
  readonly id: number
  readonly iteration: number
  readonly iterations: number
  readonly images: Float32Array<ArrayBuffer>
  readonly labels: Float32Array<ArrayBuffer>
}

const fillBatch = batchFiller(workerData as BatchOptions)

parentPort?.on("message", (message: Message) => {
  const { images, iteration, iterations, labels } = message
  for (let slot = 0; slot < iterations; slot++) fillBatch(iteration + slot, images, labels, slot)
  parentPort?.postMessage(message, [images.buffer, labels.buffer])
})
