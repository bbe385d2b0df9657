import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** An optional field with a default. `value` is written as a user would write it, and is decoded too. */
export const withDefault = <S extends Schema.Constraint>(schema: S, value: S["Encoded"]) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)
