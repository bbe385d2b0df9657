/**
 * Reads a Parquet file in a worker thread: (file by position, names of columns) -> its row groups, until the scope ends.
 *
 * One changed bit makes the reader loop for ever, or fill the memory: the thread has limits of both, and is ended if it
 * reaches one. Reading in another thread costs nothing else: the images of a row group are copied once.
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

/** `name`: of the file in messages. */
export const openParquet = Effect.fn("openParquet")(function* (
  { read, sizeBytes }: OpenFile,
  name: string,
  columns: ParquetColumns,
) {
  const limit = yield* ParquetTimeLimit
  const invalid = (found: string, expected: string, advice: string) =>
    new SourceInvalid({ path: name, found, expected, advice })
  const damaged = (found: string) =>
    invalid(found, "a whole Parquet file", "the file is damaged: get it again")
  const task: Task = { sizeBytes, columns, mostGroupBytes: largestFileBytes }
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
  const send = (request: Request, transfer: ReadonlyArray<ArrayBuffer> = []) =>
    worker.postMessage(request, transfer)

  /** The next reply of the kind; meanwhile the worker is sent the bytes that it asks for. */
  const receive = <Kind extends Reply["kind"]>(kind: Kind) =>
    Effect.callback<Answer<Kind>, SourceInvalid | StorageFailed>((resume) => {
      const settle = (result: Effect.Effect<Answer<Kind>, SourceInvalid | StorageFailed>) => {
        removeListeners()
        resume(result)
      }
      const answer = ({ at, id, sizeBytes }: Answer<"read">) => {
        try {
          const bytes = read(at, sizeBytes)
          const { buffer, byteLength, byteOffset } = bytes
          const whole = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
          send({ kind: "bytes", id, bytes: whole }, [whole])
        } catch (error) {
          settle(Effect.fail(failedNow("read", name)(error)))
        }
      }
      const onMessage = (reply: Reply) => {
        if (reply.kind === "read") answer(reply)
        else if (reply.kind === "failed") {
          settle(Effect.fail(invalid(reply.found, reply.expected, reply.advice)))
        } else if (reply.kind === kind) settle(Effect.succeed(reply as Answer<Kind>))
      }
      const onError = (error: unknown) => {
        const isFull = error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY"
        const found = isFull ? `values of more than ${heapMiB / 1024} GB in a row group` : String(error)
        settle(Effect.fail(damaged(found)))
      }
      const removeListeners = () => {
        worker.off("message", onMessage)
        worker.off("error", onError)
      }
      worker.on("message", onMessage)
      worker.on("error", onError)
      return Effect.sync(removeListeners)
    }).pipe(
      Effect.timeoutOrElse({
        duration: limit,
        orElse: () => {
          const seconds = Duration.toSeconds(Duration.fromInputUnsafe(limit))
          return Effect.fail(damaged(`a row group that is not read after ${seconds} s`))
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
