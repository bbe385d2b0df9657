/**
 * Fills batches in a worker thread: (dataset, split, augmentation) -> Filler, released with the scope.
 *
 * Arrays are transferred to the worker and back, not copied. The dataset is not copied either if its memory is shared
 * (`stages/dataset/load.ts`). The bits are those of `fillHere`, because the code is the same.
 */
import { Worker } from "node:worker_threads"
import { Effect } from "effect"
import { StorageFailed } from "../../storage/StorageFailed.ts"
import { textOf } from "../../storage/codeTexts.ts"
import { OwnCodeFailed } from "../code/load.ts"
import type { Message, Reply } from "./batchWorker.ts"
import { BatchThreadFailed, type Filler, type FillFailed, sizesOf } from "./Filler.ts"
import type { BatchOptions } from "./fillBatch.ts"

const failed = (reason: unknown) =>
  new BatchThreadFailed({ reason: reason instanceof Error ? reason.message : String(reason) })

/** The texts of own code, if the augmentation has any. */
const textsOf = ({ augmentation, code }: BatchOptions) =>
  augmentation?.custom === undefined
    ? []
    : Object.values(code?.files ?? {}).flatMap((digest) => textOf(digest) ?? [])

/** A worker thread, and the reason why it ended, once it has. */
const startWorker = Effect.fnUntraced(function* (options: BatchOptions) {
  const worker = yield* Effect.acquireRelease(
    Effect.try({
      try: () =>
        new Worker(new URL("batchWorker.ts", import.meta.url), {
          workerData: { options, texts: textsOf(options) },
        }),
      catch: failed,
    }),
    (worker) => Effect.promise(() => worker.terminate()),
  )
  let failure: BatchThreadFailed | undefined
  worker.on("error", (error) => (failure = failed(error)))
  worker.on("exit", (code) => (failure ??= failed(`the thread ended with code ${code}`)))
  return { worker, failure: () => failure }
})

/** Sends a message to the worker and waits for the one with the same id. */
const exchange = (
  { failure, worker }: Effect.Success<ReturnType<typeof startWorker>>,
  message: Message,
): Effect.Effect<Message, FillFailed> =>
  Effect.callback((resume) => {
    const ended = failure()
    if (ended !== undefined) return resume(Effect.fail(ended))
    // The reply to an interrupted call arrives here too, and is ignored.
    const onMessage = (reply: Reply) => {
      if (reply.id !== message.id) return
      if ("failed" in reply) settle(Effect.fail(new OwnCodeFailed(reply.failed)))
      else if ("unread" in reply) settle(Effect.fail(new StorageFailed(reply.unread)))
      else settle(Effect.succeed(reply))
    }
    const onExit = () => settle(Effect.fail(failure() ?? failed("the thread ended")))
    const removeListeners = () => {
      worker.off("message", onMessage)
      worker.off("exit", onExit)
    }
    const settle = (result: Effect.Effect<Message, FillFailed>) => {
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
