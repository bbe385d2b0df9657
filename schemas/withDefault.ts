import { Effect, Schema } from "effect"

/** A field that may be left out: decoding fills in `value`, given as a user would write it. */
export const withDefault = <S extends Schema.Constraint>(schema: S, value: S["Encoded"]) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)
