/** Opens a queue by its address: (folder, or address of a PostgreSQL database; name of this worker) -> Queue. */
import { hostname } from "node:os"
import { Effect, Path } from "effect"
import { makeFileQueue } from "./fileQueue.ts"

/** What a list shows as the worker that trains a work. */
export const workerName = () => `${hostname()} (${process.pid})`

export const openQueue = Effect.fn("openQueue")(function* (address: string) {
  return yield* makeFileQueue((yield* Path.Path).resolve(address), workerName())
})
