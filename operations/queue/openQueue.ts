/** Opens a queue by its address: (folder, or address of a PostgreSQL database) -> Queue. */
import { hostname } from "node:os"
import { Effect, Path } from "effect"
import { makeFileQueue } from "./fileQueue.ts"
import { isPostgres } from "./postgresAddress.ts"

/** What a list shows as the worker that trains a job. */
const workerName = () => `${hostname()} (${process.pid})`

export const openQueue = Effect.fn("openQueue")(function* (address: string) {
  if (isPostgres(address)) {
    const { makePostgresQueue } = yield* Effect.promise(() => import("./postgresQueue.ts"))
    return yield* makePostgresQueue(address)
  }
  return yield* makeFileQueue((yield* Path.Path).resolve(address), workerName())
})
