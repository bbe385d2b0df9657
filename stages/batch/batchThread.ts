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

/** A worker thread, and why it has ended once it has. */
const startWorker = Effect.fnUntraced(function* (options: BatchOptions) {
  const worker = yield* Effect.acquireRelease(
    Effect.try({
      try: () => new Worker(new URL("batchWorker.ts", import.meta.url), { workerData: options }),
      catch: failed,
    }),
    (worker) => Effect.promise(() => worker.terminate()),
  )
  let failure: BatchThreadFailed | undefined
  worker.on("error", (error) => (failure = failed(error)))
  worker.on("exit", (code) => (failure ??= failed(`it ended with code ${code}`)))
  return { worker, failure: () => failure }
})

/** Sends a message to the worker and waits for the one with the same id. */
const exchange = (
  { failure, worker }: Effect.Success<ReturnType<typeof startWorker>>,
  message: Message,
): Effect.Effect<Message, BatchThreadFailed> =>
  Effect.callback((resume) => {
    const ended = failure()
    if (ended !== undefined) return resume(Effect.fail(ended))
    // A reply to a call that was interrupted comes here too: it is not this one's.
    const onMessage = (reply: Message) => {
      if (reply.id === message.id) settle(Effect.succeed(reply))
    }
    const onExit = () => settle(Effect.fail(failure() ?? failed("it ended")))
    const removeListeners = () => {
      worker.off("message", onMessage)
      worker.off("exit", onExit)
    }
    const settle = (result: Effect.Effect<Message, BatchThreadFailed>) => {
      removeListeners()
      resume(result)
    }
    worker.on("message", onMessage)
    worker.on("exit", onExit)
    worker.postMessage(message, [message.images.buffer, message.labels.buffer])
    return Effect.sync(removeListeners)
  })

export const fillInWorker = Effect.fn("fillInWorker")(function* (options: BatchOptions) {
  const started = yield* startWorker(options)
  let calls = 0
  const fill: Filler["fill"] = (iteration, iterations, { images, labels }) =>
    Effect.suspend(() => exchange(started, { id: ++calls, iteration, iterations, images, labels })).pipe(
      Effect.map((reply) => ({ images: reply.images, labels: reply.labels })),
    )
  return { sizes: sizesOf(options), fill } satisfies Filler
})
