/**
 * The worker thread of `parquetThread.ts`: opens a Parquet file, and sends the rows of one row group for each request. The
 * bytes of the file are read by the thread that has it open. It does not load Effect, which would take longer than reading.
 */
import { parentPort, workerData } from "node:worker_threads"
import { ArchiveFault } from "./archive/limit.ts"
import { openParquet, type ParquetColumns, type ParquetFile, type Row } from "./parquetFile.ts"

export interface Task {
  readonly sizeBytes: number
  readonly columns: ParquetColumns
  readonly mostGroupBytes: number
}

/** To the worker. */
export type Request =
  | { readonly kind: "group"; readonly index: number }
  | { readonly kind: "bytes"; readonly id: number; readonly bytes: ArrayBuffer }

/** From the worker. */
export type Reply =
  | { readonly kind: "read"; readonly id: number; readonly at: number; readonly sizeBytes: number }
  | { readonly kind: "opened"; readonly metadata: ParquetFile["metadata"]; readonly groups: number }
  | { readonly kind: "rows"; readonly rows: ReadonlyArray<Row> }
  | { readonly kind: "failed"; readonly found: string; readonly expected: string; readonly advice: string }

const { columns, mostGroupBytes, sizeBytes } = workerData as Task
const waiting = new Map<number, (bytes: ArrayBuffer) => void>()
let reads = 0
const send = (reply: Reply) => parentPort?.postMessage(reply)

const file = {
  byteLength: sizeBytes,
  slice: (from: number, until: number = sizeBytes) =>
    new Promise<ArrayBuffer>((resolve) => {
      const id = reads++
      waiting.set(id, resolve)
      send({ kind: "read", id, at: from, sizeBytes: Math.max(0, until - from) })
    }),
}

const sendFault = (error: unknown) => {
  // Anything else is a mistake of the program: it ends the thread.
  if (!(error instanceof ArchiveFault)) throw error
  send({ kind: "failed", found: error.message, expected: error.expected, advice: error.advice })
}

const opened = openParquet(file, columns, mostGroupBytes)
opened.then(({ groups, metadata }) => send({ kind: "opened", metadata, groups }), sendFault)

parentPort?.on("message", (request: Request) => {
  if (request.kind === "bytes") {
    waiting.get(request.id)?.(request.bytes)
    waiting.delete(request.id)
  } else {
    opened
      .then(({ readGroup }) => readGroup(request.index))
      .then((rows) => send({ kind: "rows", rows }), sendFault)
  }
})
