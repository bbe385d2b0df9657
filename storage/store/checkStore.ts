/**
 * Checks that a store keeps its conditions: (store) -> void, or the refusal. Some services ignore them: then two workers would both
 * own a run. It writes objects below `checks/`, and removes them.
 */
import { randomUUID } from "node:crypto"
import { Effect } from "effect"
import { isEqual, type ObjectStore, StoreRefused } from "./ObjectStore.ts"

/** Writers that create the same object at once. */
const writers = 8

const advice =
  "use one that keeps conditional writes, such as AWS S3, MinIO, Cloudflare R2, versitygw, or a shared folder"

export const checkStore = Effect.fn("checkStore")(function* (store: ObjectStore) {
  const key = `checks/${randomUUID()}`
  const contentOf = (text: string) => new TextEncoder().encode(`${key} ${text}\n`)
  const refuse = (reason: string) => new StoreRefused({ store: store.address, reason, advice })
  yield* Effect.gen(function* () {
    const created = yield* Effect.forEach(
      Array.from({ length: writers }, (_, i) => contentOf(`writer ${i}`)),
      (bytes) => store.create(key, bytes),
      { concurrency: "unbounded" },
    )
    const winners = created.filter(Boolean).length
    if (winners !== 1) {
      return yield* refuse(
        `it ignores If-None-Match: of ${writers} writers that created one object, ${winners} succeeded, expected 1`,
      )
    }
    if (yield* store.create(key, contentOf("late"))) {
      return yield* refuse("it ignores If-None-Match: an object that was there already was created again")
    }
    const first = yield* store.read(key)
    if (first === undefined) return yield* refuse("an object that was created there cannot be read")
    const second = yield* store.replace(key, contentOf("second"), first.version)
    if (second === undefined)
      return yield* refuse("it does not replace an object that is unchanged (If-Match)")
    if ((yield* store.replace(key, contentOf("third"), first.version)) !== undefined) {
      return yield* refuse("it ignores If-Match: an object that had changed was replaced")
    }
    const found = yield* store.read(key)
    if (found === undefined || !isEqual(found.bytes, contentOf("second")) || found.version !== second) {
      return yield* refuse("an object that was replaced there is read as it was before")
    }
  }).pipe(Effect.ensuring(Effect.ignore(store.remove(key))))
})
