/** The store in a bucket, on real servers: what every store must do; one that ignores conditions is refused. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { checkStore } from "../../../storage/store/checkStore.ts"
import { makeS3Store } from "../../../storage/store/s3/s3Store.ts"
import {
  type ObjectServer,
  serverMissing,
  serverNames,
  setKeys,
  startObjectServer,
} from "../../fixtures/objectServers.ts"
import { bytesOf, storeSuite } from "./storeSuite.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-s3-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
setKeys()

for (const name of serverNames) {
  const missing = serverMissing(name)
  describe.skipIf(missing !== "")(
    `a bucket of ${name}${missing === "" ? "" : ` (skipped: ${missing})`}`,
    () => {
      let server: ObjectServer
      beforeAll(async () => {
        server = await startObjectServer(name, scratch)
      })
      afterAll(() => server.stop())
      const open = (prefix: string) => Effect.suspend(() => makeS3Store(server.addressOf(prefix)))

      if (name === "s3rver") {
        it.live("is refused, because it ignores the conditions", () =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(checkStore(yield* open("check")))
            assert.match(
              error.message,
              /it ignores If-None-Match: of 8 writers .*, expected 1; use one that keeps/,
            )
          }).pipe(Effect.provide(FetchHttpClient.layer)),
        )
        return
      }

      storeSuite(open)

      it.live("lists more objects than fit on one page", () =>
        Effect.gen(function* () {
          const store = yield* open("pages")
          const keys = Array.from({ length: 1100 }, (_, i) => `many/${String(i).padStart(4, "0")}`)
          yield* Effect.forEach(keys, (key) => store.create(key, bytesOf(key)), { concurrency: 16 })
          assert.deepStrictEqual(
            (yield* store.list("many")).map(({ key }) => key),
            keys,
          )
        }).pipe(Effect.provide(FetchHttpClient.layer)),
      )

      it.live("says that there is no such bucket", () =>
        Effect.gen(function* () {
          const store = yield* makeS3Store(server.addressOf("x").replace("tidemark", "elsewhere"))
          const error = yield* Effect.flip(store.create("a", bytesOf("a")))
          assert.match(error.message, /there is no such bucket; create it, or correct the address$/)
        }).pipe(Effect.provide(FetchHttpClient.layer)),
      )
    },
  )
}
