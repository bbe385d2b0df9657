/** SHA-256 in lower-case hexadecimal. */
import * as Schema from "effect/Schema"

export const Sha256 = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{64}$/, { message: "a SHA-256 digest is 64 lower-case hexadecimal digits" }),
)
