/**
 * JSON objects of one kind in a store: (schema of the text, what to remove if one is damaged) -> bytes, and reading with the version.
 */
import { Effect, Schema } from "effect"
import { schemaProblem } from "../../format/schemaProblem.ts"
import { type ObjectStore, StoreRefused } from "./ObjectStore.ts"

export const jsonObject = <A>(text: Schema.Codec<A, string>, what: string) => {
  const decode = Schema.decodeUnknownEffect(text)
  const encode = Schema.encodeSync(text)
  return {
    encode: (value: A) => new TextEncoder().encode(`${encode(value)}\n`),
    /** Undefined if there is none. */
    read: Effect.fnUntraced(function* (store: ObjectStore, key: string) {
      const found = yield* store.read(key)
      if (found === undefined) return undefined
      const value = yield* decode(new TextDecoder().decode(found.bytes)).pipe(
        Effect.mapError(
          (error) =>
            new StoreRefused({
              store: store.address,
              reason: schemaProblem(key, error),
              advice: `update tidemark if a newer version wrote it; otherwise remove ${what} from the store`,
            }),
        ),
      )
      return { value, version: found.version }
    }),
  }
}
