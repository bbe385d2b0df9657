/**
 * Filling batches on a thread of its own: (what to draw from) -> Filler, released with the scope.
 *
 * The arrays are sent there and back without being copied; so is the dataset not, where its memory is shared
 * (`validate/load.ts`). Same bits as on this thread: it is the same code.
 */
import { Worker } from "node:worker_threads"
import { Effect } from "effect"
import type { Message } from "./batchWorker.ts"
import { BatchThreadFailed, type Filler, sizesOf } from "./Filler.ts"
import type { BatchOptions } from "./fillBatch.ts"

const failed = (reason: unknown) =>
  new BatchThreadFailed({ reason: reason instanceof Error ? reason.message : String(reason) })

export const fillBeside = Effect.fn("fillBeside")(function* (options: BatchOptions) {
  const worker = yield* Effect.acquireRelease(
    Effect.try({
      try: () => new Worker(new URL("batchWorker.ts", import.meta.url), { workerData: options }),
      catch: failed,
    }),
    (worker) => Effect.promise(() => worker.terminate()),
  )
  let ended: BatchThreadFailed | undefined
  worker.on("error", (error) => (ended = failed(error)))
  worker.on("exit", (code) => (ended ??= failed(`it ended with code ${code}`)))

  let id = 0
  const fill: Filler["fill"] = (iteration, iterations, { images, labels }) =>
    Effect.callback((resume) => {
      if (ended !== undefined) return resume(Effect.fail(ended))
      const asked = ++id
      // An answer to a call that was interrupted comes here too: it is not this one's.
      const answered = ({ id, images, labels }: Message) => {
        if (id === asked) settle(Effect.succeed({ images, labels }))
      }
      const exited = () => settle(Effect.fail(ended ?? failed("it ended")))
      const settle = (answer: Parameters<typeof resume>[0]) => {
        worker.off("message", answered)
        worker.off("exit", exited)
        resume(answer)
      }
      worker.on("message", answered)
      worker.on("exit", exited)
      const message: Message = { id: asked, iteration, iterations, images, labels }
      worker.postMessage(message, [images.buffer, labels.buffer])
      return Effect.sync(() => {
        worker.off("message", answered)
        worker.off("exit", exited)
      })
    })
  return { sizes: sizesOf(options), fill } satisfies Filler
})
