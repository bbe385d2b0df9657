/** What every store must do, whatever keeps it: (how to open it) -> tests. Each opens it as another machine would. */
import { assert, it } from "@effect/vitest"
import { Effect, type FileSystem, type Path } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type { HttpClient } from "effect/http/HttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { checkStore } from "../../../storage/store/checkStore.ts"
import { isKey, type ObjectStore } from "../../../storage/store/ObjectStore.ts"

type Services = FileSystem.FileSystem | Path.Path | HttpClient
export type OpenStore = (name: string) => Effect.Effect<ObjectStore, unknown, Services>

export const bytesOf = (text: string) => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes)

export const storeSuite = (open: OpenStore) => {
  const test = (
    name: string,
    effect: (store: ObjectStore, again: ObjectStore) => Effect.Effect<void, unknown>,
  ) =>
    it.live(name, () =>
      Effect.gen(function* () {
        const folder = name.replaceAll(/[^a-z]+/g, "-")
        yield* effect(yield* open(folder), yield* open(folder))
      }).pipe(Effect.provide([NodeServices.layer, FetchHttpClient.layer])),
    )

  test("reads what was created, byte by byte, and nothing where nothing is", (store, again) =>
    Effect.gen(function* () {
      const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) % 256)
      assert.isTrue(yield* store.create("a/b/c.bin", bytes))
      assert.deepStrictEqual((yield* again.read("a/b/c.bin"))?.bytes, bytes)
      assert.isTrue(yield* store.create("a/empty", new Uint8Array()))
      assert.strictEqual((yield* again.read("a/empty"))?.bytes.byteLength, 0)
      assert.isUndefined(yield* again.read("a/b/d.bin"))
    }))

  test("lets exactly one of many writers create an object", (store, again) =>
    Effect.gen(function* () {
      for (let round = 0; round < 5; round++) {
        const created = yield* Effect.forEach(
          Array.from({ length: 16 }, (_, i) => i),
          (i) => (i % 2 === 0 ? store : again).create(`rounds/${round}`, bytesOf(`writer ${i}`)),
          { concurrency: "unbounded" },
        )
        assert.strictEqual(created.filter(Boolean).length, 1)
        const winner = created.indexOf(true)
        assert.strictEqual(textOf((yield* again.read(`rounds/${round}`))?.bytes), `writer ${winner}`)
        assert.isFalse(yield* again.create(`rounds/${round}`, bytesOf("late")))
      }
    }))

  test("replaces an object only if it has the version that was read", (store, again) =>
    Effect.gen(function* () {
      yield* store.create("head", bytesOf("1"))
      const first = (yield* again.read("head"))?.version ?? ""
      const second = yield* store.replace("head", bytesOf("2"), first)
      assert.isDefined(second)
      assert.isUndefined(yield* again.replace("head", bytesOf("stale"), first))
      const found = yield* again.read("head")
      assert.deepStrictEqual([textOf(found?.bytes), found?.version], ["2", second])
      assert.isUndefined(yield* again.replace("absent", bytesOf("1"), first))
      assert.isUndefined(yield* again.read("absent"))
    }))

  test("lets exactly one of many writers replace a version, again and again", (store, again) =>
    Effect.gen(function* () {
      yield* store.create("head", bytesOf("0"))
      for (let round = 1; round <= 5; round++) {
        const version = (yield* store.read("head"))?.version ?? ""
        const replaced = yield* Effect.forEach(
          Array.from({ length: 8 }, (_, i) => i),
          (i) => (i % 2 === 0 ? store : again).replace("head", bytesOf(`${round} by ${i}`), version),
          { concurrency: "unbounded" },
        )
        assert.strictEqual(replaced.filter((found) => found !== undefined).length, 1)
        const winner = replaced.findIndex((found) => found !== undefined)
        const found = yield* again.read("head")
        assert.deepStrictEqual(
          [textOf(found?.bytes), found?.version],
          [`${round} by ${winner}`, replaced[winner]],
        )
      }
    }))

  test("lists the objects of a folder once each, with their versions and ages", (store, again) =>
    Effect.gen(function* () {
      for (const key of ["heads/b.json", "heads/a.json", "heads/deep/c.json", "headsless/d"]) {
        yield* store.create(key, bytesOf(key))
      }
      const version = (yield* store.read("heads/a.json"))?.version ?? ""
      const replaced = yield* store.replace("heads/a.json", bytesOf("new"), version)
      const listed = yield* again.list("heads")
      assert.deepStrictEqual(
        listed.map(({ key }) => key),
        ["heads/a.json", "heads/b.json", "heads/deep/c.json"],
      )
      assert.strictEqual(listed[0]?.version, replaced)
      for (const { ageMs } of listed) assert.isBelow(ageMs, 60_000)
      assert.deepStrictEqual(yield* again.list("nothing"), [])
    }))

  test("forgets an object that was removed, whatever its versions", (store, again) =>
    Effect.gen(function* () {
      yield* store.create("x/head", bytesOf("1"))
      const version = (yield* store.read("x/head"))?.version ?? ""
      yield* store.replace("x/head", bytesOf("2"), version)
      yield* again.remove("x/head")
      yield* again.remove("x/head")
      assert.isUndefined(yield* store.read("x/head"))
      assert.deepStrictEqual(yield* store.list("x"), [])
      assert.isTrue(yield* store.create("x/head", bytesOf("3")))
      assert.strictEqual(textOf((yield* again.read("x/head"))?.bytes), "3")
    }))

  test("passes the check of its conditions, which leaves nothing behind", (store) =>
    Effect.gen(function* () {
      yield* checkStore(store)
      assert.deepStrictEqual(yield* store.list("checks"), [])
    }))
}

it("takes only names as keys that mean the same in a URL and on a disk", () => {
  for (const key of ["a", "heads/20261122T020000Z-cnn-3f9a1c2e.json", "blobs/x/0001-ab"])
    assert.isTrue(isKey(key))
  for (const key of ["", "/a", "a//b", "a/../b", ".hidden", "a b", "a@", "ü", "a/", "b.reserved"]) {
    assert.isFalse(isKey(key), key)
  }
})
