/** Opens a store by its address: (folder, or s3://BUCKET/PREFIX) -> ObjectStore. */
import { Effect, Path } from "effect"
import { makeFolderStore } from "./folderStore.ts"
import { isS3 } from "./s3/s3Address.ts"

export const openStore = Effect.fn("openStore")(function* (address: string) {
  if (isS3(address)) {
    const { makeS3Store } = yield* Effect.promise(() => import("./s3/s3Store.ts"))
    return yield* makeS3Store(address)
  }
  return yield* makeFolderStore((yield* Path.Path).resolve(address))
})
