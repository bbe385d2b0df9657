/** The store in a folder: what every store must do, and what only a folder has. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { checkStore } from "../../../storage/store/checkStore.ts"
import type { ObjectStore } from "../../../storage/store/ObjectStore.ts"
import { makeFolderStore } from "../../../storage/store/folderStore.ts"
import { bytesOf, storeSuite, textOf } from "./storeSuite.ts"

let scratch: string
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-store-"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("the check of a store", () => {
  const refusalOf = (change: (store: ObjectStore) => Partial<ObjectStore>) =>
    Effect.gen(function* () {
      const store = yield* makeFolderStore(join(scratch, "checked"))
      return (yield* Effect.flip(checkStore({ ...store, ...change(store) }))).message
    }).pipe(Effect.provide(NodeServices.layer))

  it.live("says which condition the store ignores", () =>
    Effect.gen(function* () {
      const all = yield* refusalOf(() => ({ create: () => Effect.succeed(true) }))
      assert.include(all, "of 8 writers that created one object, 8 succeeded, expected 1")
      let writers = 0
      const late = yield* refusalOf((store) => ({
        create: (key, bytes) => (++writers > 8 ? Effect.succeed(true) : store.create(key, bytes)),
      }))
      assert.include(late, "it ignores If-None-Match: an object that was there already was created again;")
    }),
  )
})

describe("a store in a folder", () => {
  storeSuite((name) => makeFolderStore(join(scratch, name)))

  it.live("keeps two versions of an object that is replaced often", () =>
    Effect.gen(function* () {
      const store = yield* makeFolderStore(join(scratch, "often"))
      yield* store.create("head", bytesOf("0"))
      let version: string | undefined = "1"
      for (let i = 1; i <= 20; i++) version = yield* store.replace("head", bytesOf(String(i)), version ?? "")
      assert.strictEqual(version, "21")
      assert.deepStrictEqual(readdirSync(join(scratch, "often", "head@")), ["0000020", "0000021"])
      assert.strictEqual(textOf((yield* store.read("head"))?.bytes), "20")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("refuses a writer whose number was there before and is removed already", () =>
    Effect.gen(function* () {
      const folder = join(scratch, "slept")
      const store = yield* makeFolderStore(folder)
      yield* store.create("head", bytesOf("1"))
      yield* store.replace("head", bytesOf("2"), "1")
      // As its list of the folder was, before others replaced the object three times.
      writeFileSync(join(folder, "head@", "0000005"), "5")
      assert.isUndefined(yield* store.replace("head", bytesOf("stale"), "2"))
      assert.strictEqual(textOf((yield* store.read("head"))?.bytes), "5")
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("reports a folder that cannot be written as a store that cannot be reached", () =>
    Effect.gen(function* () {
      writeFileSync(join(scratch, "file"), "")
      const store = yield* makeFolderStore(join(scratch, "file"))
      const error = yield* Effect.flip(store.create("a", bytesOf("a")))
      assert.strictEqual(error._tag, "StoreUnavailable")
      const file = join(scratch, "file")
      assert.strictEqual(
        error.message,
        `cannot reach the store ${file}: cannot make folder ${file}: something else has that name; choose another one`,
      )
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
