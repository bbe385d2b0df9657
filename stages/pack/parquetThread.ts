/**
 * Reads a Parquet file in a worker thread: (file by position, names of columns) -> its row groups, until the scope ends.
 *
 * One changed bit makes the reader loop for ever, or fill the memory: the thread has limits of both, and is ended if it
 * reaches one. It may reach one between two row groups, too. The bytes of the file are transferred to the thread; the images of
 * a row group are copied once, on their way back.
 */
import { Worker } from "node:worker_threads"
import { Context, Duration, Effect, Option, Schema } from "effect"
import type { OpenFile } from "../../storage/openFile.ts"
import { largestFileBytes } from "../../storage/regularFile.ts"
import { failedNow, type StorageFailed } from "../../storage/StorageFailed.ts"
import type { ParquetColumns } from "./parquetFile.ts"
import type { Reply, Request, Task } from "./parquetWorker.ts"
import { SourceInvalid } from "./SourceInvalid.ts"

/** The longest time for a row group of at most 2 GiB, which takes some seconds. */
export const ParquetTimeLimit = Context.Reference<Duration.Input>("tidemark/stages/pack/ParquetTimeLimit", {
  defaultValue: () => "2 minutes",
})

/** Of values that are not bytes of images, which are outside of the heap. */
const heapMiB = 2048

type Answer<Kind extends Reply["kind"]> = Extract<Reply, { readonly kind: Kind }>

/** The part of the metadata of `datasets` that has the names of classes. */
const Metadata = Schema.fromJsonString(
  Schema.Struct({
    info: Schema.Struct({
      features: Schema.Record(
        Schema.String,
        Schema.Struct({ names: Schema.optionalKey(Schema.Array(Schema.String)) }),
      ),
    }),
  }),
)
const decodeMetadata = Schema.decodeUnknownOption(Metadata)

const damaged = (path: string, found: string) =>
  new SourceInvalid({
    path,
    found,
    expected: "a whole Parquet file",
    advice: "the file is damaged: get it again",
  })

/** Why the thread ended. */
const describeEnd = (error: unknown) =>
  error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY"
    ? `values of more than ${heapMiB / 1024} GB in a row group`
    : String(error)

/** A worker thread, and what was found in the file, once it has ended. */
const startWorker = Effect.fnUntraced(function* (task: Task) {
  const worker = yield* Effect.acquireRelease(
    Effect.sync(
      () =>
        new Worker(new URL("parquetWorker.ts", import.meta.url), {
          workerData: task,
          resourceLimits: { maxOldGenerationSizeMb: heapMiB },
        }),
    ),
    (worker) => Effect.promise(() => worker.terminate()),
  )
  let end: string | undefined
  // Without a listener, an error between two calls would end the process.
  worker.on("error", (error) => (end = describeEnd(error)))
  worker.on("exit", (code) => (end ??= `a reader that ended with code ${code}`))
  return { worker, end: () => end }
})

/** Memory of its own, which can be transferred. */
const ownBuffer = ({ buffer, byteLength, byteOffset }: Uint8Array) =>
  (byteLength === buffer.byteLength
    ? buffer
    : buffer.slice(byteOffset, byteOffset + byteLength)) as ArrayBuffer

/** `name`: of the file in messages. */
export const openParquet = Effect.fn("openParquet")(function* (
  { read, sizeBytes }: OpenFile,
  name: string,
  columns: ParquetColumns,
) {
  const limit = yield* ParquetTimeLimit
  const { end, worker } = yield* startWorker({ sizeBytes, columns, mostGroupBytes: largestFileBytes })
  const send = (request: Request, transfer: ReadonlyArray<ArrayBuffer> = []) =>
    worker.postMessage(request, transfer)

  /** The next reply of the kind; meanwhile the worker is sent the bytes that it asks for. */
  const receive = <Kind extends Reply["kind"]>(kind: Kind) =>
    Effect.callback<Answer<Kind>, SourceInvalid | StorageFailed>((resume) => {
      const ended = end()
      if (ended !== undefined) return resume(Effect.fail(damaged(name, ended)))
      const settle = (result: Effect.Effect<Answer<Kind>, SourceInvalid | StorageFailed>) => {
        removeListeners()
        resume(result)
      }
      const answer = ({ at, id, sizeBytes }: Answer<"read">) => {
        try {
          const bytes = ownBuffer(read(at, sizeBytes))
          send({ kind: "bytes", id, bytes }, [bytes])
        } catch (error) {
          settle(Effect.fail(failedNow("read", name)(error)))
        }
      }
      const onMessage = (reply: Reply) => {
        if (reply.kind === "read") answer(reply)
        else if (reply.kind === "failed") {
          const { advice, expected, found } = reply
          settle(Effect.fail(new SourceInvalid({ path: name, found, expected, advice })))
        } else if (reply.kind === kind) settle(Effect.succeed(reply as Answer<Kind>))
      }
      const onExit = () => settle(Effect.fail(damaged(name, end() ?? "a reader that ended")))
      const removeListeners = () => {
        worker.off("message", onMessage)
        worker.off("exit", onExit)
      }
      worker.on("message", onMessage)
      worker.on("exit", onExit)
      return Effect.sync(removeListeners)
    }).pipe(
      Effect.timeoutOrElse({
        duration: limit,
        orElse: () => {
          const seconds = Duration.toSeconds(Duration.fromInputUnsafe(limit))
          return Effect.fail(damaged(name, `a row group that is not read after ${seconds} s`))
        },
      }),
    )

  const { groups, metadata } = yield* receive("opened")
  const features = Option.getOrUndefined(decodeMetadata(metadata))?.info.features
  const readGroup = (index: number) =>
    Effect.suspend(() => {
      send({ kind: "group", index })
      return Effect.map(receive("rows"), ({ rows }) => rows)
    })
  return {
    /** The names of the classes by label, if the metadata has them. */
    classNames: features?.[columns.label]?.names,
    groups,
    readGroup,
  }
})
